// What a user does with `<hanko-auth>` or one of its siblings. The texts come from the installed package, so that the steps work in any
// language; Playwright's locators see through the open shadow root.

import assert from 'node:assert/strict';

import { addAuthenticator, newPage } from './browser.mjs';
import { totp } from './totp.mjs';
import { texts } from './site.mjs';

/**
 * Opens a fresh browser profile with the component in it. `authenticator`: the options of a virtual one; `autofill`: whether the
 * browser offers passkeys in the form (a virtual authenticator answers at once).
 */
export async function openComponent({
  browser,
  site,
  version,
  language = 'en',
  element = 'hanko-auth',
  authenticator,
  autofill = false,
}) {
  const page = await newPage(browser);
  const component = new Component(page, site, version, language, element, await texts(version, language));
  component.setAutofill(autofill);
  if (authenticator) component.authenticator = await addAuthenticator(page, authenticator);
  await component.open();
  return component;
}

class Component {
  constructor(page, site, version, language, element, texts) {
    Object.assign(this, { page, site, version, language, element, texts });
  }

  get root() {
    return this.page.locator(this.element);
  }

  async open() {
    await this.page.goto(`${this.site.origin}/${this.version}/?lang=${this.language}&element=${this.element}`);
    await this.started('login_init', 'registration_init');
  }

  /** From the next page on, the browser offers passkeys in the form, or not. */
  async setAutofill(on) {
    await this.page.addInitScript((on) => {
      if (!window.PublicKeyCredential) return;
      const real = PublicKeyCredential.isConditionalMediationAvailable;
      window.realConditional ??= real;
      PublicKeyCredential.isConditionalMediationAvailable = on ? window.realConditional : async () => false;
    }, on);
  }

  /** Waits until the component has started a flow. */
  async started(...states) {
    await this.root.locator('input[type=email]').waitFor();
    // The second generation shows the state again half a second after the start, whatever was done since.
    if (!this.version.startsWith('1.')) {
      const twice = (names) => window.states.filter((state) => names.includes(state)).length >= 2;
      await this.page.waitForFunction(twice, states);
    }
  }

  async close() {
    assert.deepEqual(this.page.problems, [], 'the page has no uncaught errors');
    await this.page.context().close();
  }

  async identify(address) {
    const input = this.root.locator('input[type=email]');
    await input.fill(address);
    await input.press('Enter');
  }

  /** Types the code; the component sends it by itself. */
  async enterPasscode(code) {
    await this.headline('loginPasscode');
    await this.typeCode(code);
  }

  /** Sets up an authenticator app; returns its secret. */
  async setUpApp() {
    await this.headline('mfaSetUp');
    const shown = this.page.waitForResponse((answer) => answer.url().includes('continue_to_otp_secret_creation'));
    await this.click('authenticatorApp');
    const { payload } = await (await shown).json();
    assert.match(payload.otp_image_source, /^data:image\/png;base64,/);
    await this.headline('otpSetUp');
    await this.typeCode(totp(payload.otp_secret));
    return payload.otp_secret;
  }

  /** The code of the next time step: that of this one may be used up. */
  async enterAppCode(secret) {
    await this.headline('otpLogin');
    await this.typeCode(totp(secret, 1));
  }

  async typeCode(code) {
    const digits = this.root.locator('[part~=passcode-input]');
    const ready = (digits) => digits.length > 0 && digits.every((digit) => digit.value === '' && !digit.disabled);
    if (this.version.startsWith('1.') && (await digits.last().inputValue()) !== '') {
      // The first generation leaves the digits of a wrong code there.
      await digits.last().click();
      for (let count = await digits.count(); count > 0; count -= 1) await this.page.keyboard.press('Backspace');
    }
    await this.until(() => digits.evaluateAll(ready));
    await digits.first().click();
    await this.page.keyboard.type(code, { delay: 20 });
  }

  async until(condition) {
    const end = Date.now() + 10_000;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`not so in time:\n${await this.shown()}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** The text that the component shows. */
  shown() {
    return this.root.locator('[part~=container]').innerText();
  }

  async enterPassword(password) {
    await this.headline('loginPassword');
    await this.submitPassword(password);
  }

  async setPassword(password) {
    await this.headline('registerPassword');
    await this.submitPassword(password);
  }

  async submitPassword(password) {
    const input = this.root.locator('input[type=password]:enabled');
    await input.fill(password);
    await input.press('Enter');
  }

  /** Waits until the page with this headline is shown. */
  headline(key) {
    return this.root.getByText(this.texts.headlines[key], { exact: true }).first().waitFor();
  }

  /** Whether there is a button or link with one of these labels. */
  async offers(...keys) {
    for (const key of keys) if (await this.button(key).first().isVisible()) return true;
    return false;
  }

  /** Waits for the session without skipping anything. */
  async signedIn() {
    await this.until(async () => (await this.events()).includes('hanko-session-created'));
    return this.session();
  }

  /** Clicks the button or link with one of these labels; versions differ in which they show. */
  click(...keys) {
    const labels = keys.map((key) => this.button(key));
    return labels.reduce((either, other) => either.or(other)).first().click();
  }

  button(key) {
    return this.root.locator('button, a').filter({ hasText: this.texts.labels[key] });
  }

  /** Waits until the component shows this error of the flow. */
  async shows(code) {
    await this.root.locator('[part~=error]').filter({ hasText: this.texts.flowErrors[code] }).waitFor();
  }

  /** Skips what may be skipped, until the session is there. */
  async skipToSession() {
    const skip = this.button('skip').first();
    let skipped;
    await this.until(async () => {
      // Once per page: a second click while the first still runs is an error in the component.
      const title = (await skip.isVisible()) && (await this.root.locator('[part~=headline1]').innerText());
      if (title && title !== skipped) {
        skipped = title;
        await skip.click();
      }
      return (await this.events()).includes('hanko-session-created');
    });
    return this.session();
  }

  events() {
    return this.page.evaluate(() => window.events.map((event) => event.name));
  }

  /** What the server says about the session of this browser. */
  session() {
    return this.page.evaluate(async (api) => {
      const answer = await fetch(`${api}/sessions/validate`, { credentials: 'include' });
      return answer.json();
    }, this.site.api);
  }

  logout() {
    // The first generation has the method in another place.
    return this.page.evaluate(() => (window.hanko.logout ? window.hanko.logout() : window.hanko.user.logout()));
  }
}
