// The server's own page at `/`: a sign-in that works without anything else.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launchBrowser, newPage } from '../support/browser.mjs';
import { freshAddress, passcode, wrong } from '../support/mailbox.mjs';
import { startServer } from '../support/server.mjs';

const PASSWORD = 'violet anchor 47 tides';

let browser;
let server;

before(async () => {
  server = await startServer();
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('is HTML, and nothing but its own files may run in it', async () => {
  const answer = await fetch(`${server.base}/`);

  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/html\b/);
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
});

test('registers, signs out and signs in, by password and by passcode', async () => {
  const page = await newPage(browser);
  const refused = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) refused.push(message.text());
  });
  const address = freshAddress();
  const click = (name) => page.getByRole('button', { name, exact: true }).click();
  const fill = (label, value) => page.getByLabel(label, { exact: true }).fill(value);
  const signedIn = async () => {
    const skip = page.getByRole('button', { name: 'Skip', exact: true });
    const end = page.getByRole('heading', { name: 'Signed in', exact: true });
    await end.or(skip).first().waitFor();
    while (await skip.isVisible()) {
      await skip.click();
      await end.or(page.locator('button:text-is("Skip"):enabled')).first().waitFor();
    }
    await end.waitFor();
    assert.equal(await page.locator('#who').innerText(), address);
  };

  await page.goto(server.base);
  await click('Create an account instead');
  await fill('E-mail address', address);
  await click('Create an account');
  const code = await passcode(server, address);
  await fill('Code', wrong(code));
  await click('Continue');
  await page.getByText('This code is not right.', { exact: true }).waitFor();
  await fill('Code', code);
  await click('Continue');
  await fill('New password', PASSWORD);
  await click('Save the password');
  await signedIn();

  await page.reload();
  await signedIn();
  await click('Sign out');
  await fill('E-mail address', address);
  await click('Continue');
  await click('Use my password');
  await fill('Password', PASSWORD);
  await click('Sign in');
  await signedIn();

  await click('Sign out');
  await fill('E-mail address', address);
  await click('Continue');
  await click('Send me a code by mail');
  await fill('Code', await passcode(server, address, 2));
  await click('Continue');
  await signedIn();

  assert.deepEqual(page.problems, []);
  assert.deepEqual(refused, []);
});
