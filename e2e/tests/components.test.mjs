// The published web components in a real browser: what their users do must work with every version that speaks flows.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launchBrowser } from '../support/browser.mjs';
import { openComponent } from '../support/components.mjs';
import { Client } from '../support/flow.mjs';
import { freshAddress, mail, passcode, wrong } from '../support/mailbox.mjs';
import { startServer } from '../support/server.mjs';
import { startSite, VERSIONS } from '../support/site.mjs';

const PASSWORD = 'violet anchor 47 tides';

let browser;
let server;
let site;

before(async () => {
  site = await startSite();
  server = await startServer({ cors: { allow_origins: [site.origin] } });
  site.api = server.base;
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await site?.close();
  await server?.stop();
});

/** Makes an account without a browser, to have tests about signing in start quickly. */
async function account(address = freshAddress()) {
  const client = new Client(server.base);
  let flow = await client.start('registration');
  flow = await flow.act('register_login_identifier', { email: address });
  flow = await flow.act('verify_passcode', { code: await passcode(server, address) });
  flow = await flow.expect('password_creation').act('register_password', { new_password: PASSWORD });
  await flow.skipToSuccess();
  return address;
}

for (const version of Object.keys(VERSIONS)) {
  const open = (options) => openComponent({ browser, site, version, ...options });

  describe(`hanko-elements ${version}`, () => {
    test('registers with an e-mail address, a passcode and a password', async () => {
      const address = freshAddress();
      const component = await open({ element: 'hanko-registration' });

      await component.identify(address);
      await component.enterPasscode(await passcode(server, address));
      await component.setPassword(PASSWORD);
      const session = await component.skipToSession();

      assert.equal(session.is_valid, true);
      assert.equal(session.claims.email.address, address);
      assert.equal(session.claims.email.is_verified, true);
      await component.close();
    });

    test('reaches the registration from the login page', async () => {
      const component = await open();

      await component.click('signUp', 'dontHaveAnAccount');
      await component.headline('signUp');
      await component.started('registration_init');
      await component.identify(freshAddress());
      await component.headline('loginPasscode');

      await component.close();
    });

    test('signs in by passcode', async () => {
      const address = await account();
      const component = await open();

      await component.identify(address);
      await component.click('passcode');
      await component.enterPasscode(await passcode(server, address, 2));
      const session = await component.skipToSession();

      assert.equal(session.is_valid, true);
      assert.equal(session.claims.email.address, address);
      await component.close();
    });

    test('signs in by password', async () => {
      const address = await account();
      const component = await open();

      await component.identify(address);
      await component.click('password');
      await component.enterPassword(PASSWORD);
      const session = await component.skipToSession();

      assert.equal(session.is_valid, true);
      await component.close();
    });

    test('shows that a passcode is wrong and then takes the right one', async () => {
      const address = await account();
      const component = await open();

      await component.identify(address);
      await component.click('passcode');
      const code = await passcode(server, address, 2);
      await component.enterPasscode(wrong(code));
      await component.shows('passcode_invalid');
      await component.enterPasscode(code);
      const session = await component.skipToSession();

      assert.equal(session.is_valid, true);
      await component.close();
    });

    test('shows that a password is wrong and then takes the right one', async () => {
      const address = await account();
      const component = await open();

      await component.identify(address);
      await component.click('password');
      await component.enterPassword('not the password 11');
      await component.shows('value_invalid_error');
      assert.deepEqual(await component.events(), []);
      assert.equal((await component.session()).is_valid, false);
      await component.enterPassword(PASSWORD);
      const session = await component.skipToSession();

      assert.equal(session.is_valid, true);
      await component.close();
    });

    test('sets a new password after a forgotten one', async () => {
      const address = await account();
      const replacement = 'copper lantern 93 field';
      const component = await open();

      await component.identify(address);
      await component.click('password');
      await component.headline('loginPassword');
      await component.click('forgotYourPassword');
      await component.enterPasscode(await passcode(server, address, 2));
      await component.setPassword(replacement);
      assert.equal((await component.skipToSession()).is_valid, true);
      await component.close();

      const again = await open();
      await again.identify(address);
      await again.click('password');
      await again.enterPassword(PASSWORD);
      await again.shows('value_invalid_error');
      await again.enterPassword(replacement);
      assert.equal((await again.skipToSession()).is_valid, true);
      await again.close();
    });

    test('signs out, and the session is gone', async () => {
      const address = await account();
      const component = await open();
      await component.identify(address);
      await component.click('password');
      await component.enterPassword(PASSWORD);
      await component.skipToSession();
      const cookies = await component.page.context().cookies(server.base);

      await component.logout();

      assert.ok((await component.events()).includes('hanko-user-logged-out'));
      assert.equal((await component.session()).is_valid, false);
      // The token itself is dead, not only the browser's copy gone.
      const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
      const answer = await fetch(`${server.base}/sessions/validate`, { headers: { cookie } });
      assert.equal((await answer.json()).is_valid, false);
      await component.headline('signIn');
      await component.close();
    });

    test('speaks the language of the page, in the mail too', async () => {
      const languages = { en: freshAddress('english'), de: freshAddress('deutsch') };
      for (const [language, address] of Object.entries(languages)) {
        const component = await open({ language, element: 'hanko-registration' });
        await component.headline('signUp');
        await component.identify(address);
        await component.headline('loginPasscode');
        await component.close();
      }

      const [english, german] = await Promise.all(
        Object.values(languages).map((address) => mail(server, address)),
      );
      const germanWords = /\b(Sie|Ihr|gültig)\b/;
      assert.match(english.text, /\byour?\b/i);
      assert.doesNotMatch(english.text, germanWords);
      assert.match(german.text, germanWords);
      assert.notEqual(english.subject, german.subject);
    });
  });
}
