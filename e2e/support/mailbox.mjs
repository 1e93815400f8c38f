// Reads the development mailbox of the server: every mail it would have sent.

import { pause } from './server.mjs';

const TIMEOUT = 10_000;

/** The mails to an address, newest first. */
export async function mails(server, address) {
  const answer = await fetch(`${server.admin}/mailbox.json?to=${encodeURIComponent(address)}`);
  if (!answer.ok) throw new Error(`mailbox.json answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()).mails;
}

/** Waits for the first mail to the address. */
export async function mail(server, address) {
  const [first] = await until(server, address, 1, (mail) => mail);
  return first;
}

/** The code in the newest mail that has one, as soon as `count` such mails are there. Notices have none. */
export async function passcode(server, address, count = 1) {
  const codes = await until(server, address, count, (mail) => /\b\d{6}\b/.exec(mail.text)?.[0]);
  return codes[0];
}

/** A code of the same shape that is not the right one. */
export const wrong = (code) => (code === '000000' ? '000001' : '000000');

let counter = 0;

/** An address that no other test uses. */
export function freshAddress(name = 'ada') {
  counter += 1;
  return `${name}.${process.pid}.${Date.now()}.${counter}@example.com`;
}

async function until(server, address, count, read) {
  const end = Date.now() + TIMEOUT;
  let found = [];
  while (Date.now() < end) {
    found = (await mails(server, address)).map(read).filter(Boolean);
    if (found.length >= count) return found;
    await pause(50);
  }
  throw new Error(`${found.length} of ${count} mails to ${address}:\n${server.log()}`);
}
