// The server's own page at `/`: a sign-in that works without anything else.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { addAuthenticator, launchBrowser, newPage } from '../support/browser.mjs';
import { freshAddress, passcode, wrong } from '../support/mailbox.mjs';
import { startServer } from '../support/server.mjs';
import { totp } from '../support/totp.mjs';

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
  await page.getByRole('heading', { name: 'Create an account', exact: true }).waitFor();
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

test('signs in with a passkey, by the form and by the button; asks for a second factor, or for a recovery code', async () => {
  const page = await newPage(browser);
  await addAuthenticator(page);
  await page.addInitScript(() => {
    // A virtual authenticator answers the form at once: only where the test wants it.
    const real = PublicKeyCredential.isConditionalMediationAvailable;
    PublicKeyCredential.isConditionalMediationAvailable = () =>
      sessionStorage.autofill ? real.call(PublicKeyCredential) : Promise.resolve(false);
  });
  const address = freshAddress();
  const click = (name) => page.getByRole('button', { name, exact: true }).click();
  const fill = (label, value) => page.getByLabel(label, { exact: true }).fill(value);
  const heading = (name) => page.getByRole('heading', { name, exact: true }).waitFor();
  const signedIn = async () => {
    await heading('Signed in');
    assert.equal(await page.locator('#who').innerText(), address);
  };

  await page.goto(server.base);
  await click('Create an account instead');
  await page.getByRole('heading', { name: 'Create an account', exact: true }).waitFor();
  await fill('E-mail address', address);
  await click('Create an account');
  await fill('Code', await passcode(server, address));
  await click('Continue');
  await fill('New password', PASSWORD);
  await click('Save the password');
  await click('Authenticator app');
  const secret = await page.locator('#otp-secret').innerText();
  await fill('Code', '000000');
  await click('Continue');
  await page.getByText('This code is not right.', { exact: true }).waitFor();
  assert.equal(await page.locator('#otp-secret').innerText(), secret);
  await fill('Code', totp(secret));
  await click('Continue');
  await heading('Keep your recovery codes');
  const codes = await page.locator('#recovery-codes li').allInnerTexts();
  assert.equal(new Set(codes).size, 10);
  await click('I have saved them');
  await heading('Create a passkey');
  await click('Create it now');
  await signedIn();

  await click('Sign out');
  await click('Use a passkey');
  await signedIn();

  await page.evaluate(() => (sessionStorage.autofill = 'on'));
  const verified = page.waitForResponse((answer) => answer.url().includes('webauthn_verify_assertion_response'));
  await click('Sign out');
  assert.equal((await verified).status(), 200);
  await signedIn();

  await page.evaluate(() => delete sessionStorage.autofill);
  for (const second of [
    async () => {
      await fill('Code', totp(secret, 1));
      await click('Continue');
    },
    async () => {
      await fill('Recovery code', codes[3].toUpperCase());
      await click('Use the recovery code');
    },
  ]) {
    await click('Sign out');
    await fill('E-mail address', address);
    await click('Continue');
    await click('Use my password');
    await fill('Password', PASSWORD);
    await click('Sign in');
    await heading('Enter the code of your authenticator app');
    await second();
    await heading('Do you trust this browser?');
    await click('Skip');
    await signedIn();
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
