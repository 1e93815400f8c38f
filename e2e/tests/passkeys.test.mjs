// Passkeys and second factors through the published web components, with virtual authenticators in the browser.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launchBrowser } from '../support/browser.mjs';
import { openComponent } from '../support/components.mjs';
import { freshAddress, passcode } from '../support/mailbox.mjs';
import { startServer } from '../support/server.mjs';
import { startSite, VERSIONS } from '../support/site.mjs';

const PASSWORD = 'violet anchor 47 tides';
/** Built into the device, knows its user. */
const PLATFORM = { transport: 'internal' };
/** On a key ring. */
const KEY = { transport: 'usb', hasResidentKey: false, hasUserVerification: false, isUserVerified: false };

let browser;
let server;
let strict;
let site;

before(async () => {
  site = await startSite();
  const common = {
    cors: { allow_origins: [site.origin] },
    webauthn: { relying_party: { origins: [site.origin] } },
  };
  server = await startServer(common);
  strict = await startServer({
    ...common,
    password: { enabled: false },
    passkey: { optional: false },
    mfa: { acquire_on_registration: false },
  });
  site.api = server.base;
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await site?.close();
  await server?.stop();
  await strict?.stop();
});

for (const version of Object.keys(VERSIONS)) {
  const open = (options) => openComponent({ browser, site, version, ...options });

  /** Registers up to the second factor. */
  async function register(component, address) {
    await component.identify(address);
    await component.enterPasscode(await passcode(server, address));
    await component.setPassword(PASSWORD);
    await component.headline('mfaSetUp');
  }

  async function signInByPassword(component, address) {
    await component.identify(address);
    await component.click('password');
    await component.enterPassword(PASSWORD);
  }

  /** Signs out and opens the sign-in again, in the same browser with the same authenticator. */
  async function signOut(component) {
    await component.logout();
    component.element = 'hanko-auth';
    await component.open();
  }

  describe(`hanko-elements ${version}, passkeys`, () => {
    test('creates a passkey at registration and signs in with it, by button and by autofill', async () => {
      const address = freshAddress();
      const component = await open({ element: 'hanko-registration', authenticator: PLATFORM });
      await register(component, address);
      await component.click('skip');
      await component.headline('registerAuthenticator');
      await component.click('registerAuthenticator');
      const registered = await component.signedIn();
      assert.deepEqual(registered.claims.amr, ['otp', 'pwd', 'passkey']);

      await signOut(component);
      await component.click('signInPasskey');
      const byButton = await component.signedIn();
      assert.deepEqual(byButton.claims.amr, ['passkey']);
      assert.equal(byButton.claims.subject, registered.claims.subject);

      await component.logout();
      await component.setAutofill(true);
      await component.page.reload();
      const byAutofill = await component.signedIn();
      assert.deepEqual(byAutofill.claims.amr, ['passkey']);
      assert.equal(byAutofill.claims.subject, registered.claims.subject);
      await component.close();
    });

    test('says that a passkey is not known', async () => {
      const component = await open({ authenticator: PLATFORM });
      const { session, authenticatorId } = component.authenticator;
      await session.send('WebAuthn.addCredential', { authenticatorId, credential: await strangersCredential() });

      await component.click('signInPasskey');
      await component.shows('passkey_invalid');
      assert.equal((await component.session()).is_valid, false);
      await component.close();
    });

    test('does not offer to skip a passkey that is required', async () => {
      site.api = strict.base;
      try {
        const address = freshAddress();
        const component = await open({ element: 'hanko-registration', authenticator: PLATFORM });
        await component.identify(address);
        await component.enterPasscode(await passcode(strict, address));
        await component.headline('registerAuthenticator');
        assert.equal(await component.offers('skip'), false);
        await component.click('registerAuthenticator');
        assert.deepEqual((await component.signedIn()).claims.amr, ['otp', 'passkey']);
        await component.close();
      } finally {
        site.api = server.base;
      }
    });
  });

  describe(`hanko-elements ${version}, second factors`, () => {
    test('sets up an authenticator app, asks for its code, and does not ask again on a trusted device', async () => {
      const address = freshAddress();
      const component = await open({ element: 'hanko-registration' });
      await register(component, address);
      const secret = await component.setUpApp();
      assert.deepEqual((await component.skipToSession()).claims.amr, ['otp', 'pwd', 'totp']);

      await signOut(component);
      await signInByPassword(component, address);
      await component.enterAppCode(secret);
      await component.headline('registerAuthenticator');
      await component.click('skip');
      await component.headline('trustDevice');
      await component.click('trustDevice');
      assert.deepEqual((await component.signedIn()).claims.amr, ['pwd', 'totp']);

      await signOut(component);
      await signInByPassword(component, address);
      assert.deepEqual((await component.skipToSession()).claims.amr, ['pwd']);
      await component.close();
    });

    test('sets up a security key and asks for it', async () => {
      const address = freshAddress();
      const component = await open({ element: 'hanko-registration', authenticator: KEY });
      await register(component, address);
      await component.click('securityKey');
      await component.headline('securityKeySetUp');
      await component.click('createSecurityKey');
      await component.headline('registerAuthenticator');
      assert.deepEqual((await component.skipToSession()).claims.amr, ['otp', 'pwd', 'security_key']);

      await signOut(component);
      await signInByPassword(component, address);
      await component.headline('securityKeyLogin');
      await component.click('securityKeyUse');
      await component.headline('registerAuthenticator');
      await component.click('skip');
      await component.headline('trustDevice');
      assert.deepEqual((await component.skipToSession()).claims.amr, ['pwd', 'security_key']);
      await component.close();
    });
  });
}

/** A resident credential that the server has never seen. */
async function strangersCredential() {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey));
  return {
    credentialId: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64'),
    isResidentCredential: true,
    rpId: 'localhost',
    privateKey: key.toString('base64'),
    userHandle: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64'),
    signCount: 1,
  };
}
