// What a user does with `<hanko-auth>`. The texts come from the installed package, so that the steps work in any
// language; Playwright's locators see through the open shadow root.

import assert from 'node:assert/strict';

import { newPage } from './browser.mjs';
import { texts } from './site.mjs';

/** Opens a fresh browser profile with the component in it. */
export async function openComponent({ browser, site, version, language = 'en', mode }) {
  const page = await newPage(browser);
  const component = new Component(page, site, version, language, await texts(version, language));
  await component.open(mode);
  return component;
}

class Component {
  constructor(page, site, version, language, texts) {
    Object.assign(this, { page, site, version, language, texts });
    this.root = page.locator('hanko-auth');
  }

  async open(mode = 'login') {
    await this.page.goto(`${this.site.origin}/${this.version}/?lang=${this.language}&mode=${mode}`);
    await this.root.locator('input[name=email]').waitFor();
  }

  async close() {
    assert.deepEqual(this.page.problems, [], 'the page has no uncaught errors');
    await this.page.context().close();
  }

  async identify(address) {
    const input = this.root.locator('input[name=email]');
    await input.fill(address);
    await input.press('Enter');
  }

  /** Types the code; the component sends it by itself. */
  async enterPasscode(code) {
    const first = this.root.locator('[part~=passcode-input]:enabled').first();
    await this.headline('loginPasscode');
    await first.click();
    await this.page.keyboard.type(code);
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

  /** Clicks the button or link with this label. */
  click(key) {
    const label = this.texts.labels[key];
    const exact = this.root.locator('button, a, [role=button]').filter({ hasText: label });
    return exact.first().click();
  }

  /** Waits until the component shows this error of the flow. */
  async shows(code) {
    await this.root.locator('[part~=error]').filter({ hasText: this.texts.flowErrors[code] }).waitFor();
  }

  /** Skips what may be skipped, until the session is there. */
  async skipToSession() {
    const skip = this.root.locator('button, a, [role=button]').filter({ hasText: this.texts.labels.skip });
    const end = Date.now() + 15_000;
    while (Date.now() < end) {
      if ((await this.events()).includes('hanko-session-created')) return this.session();
      if (await skip.first().isVisible()) {
        await skip.first().click({ timeout: 2_000 }).catch(() => {});
      }
      await this.page.waitForTimeout(50);
    }
    const shown = await this.root.locator('[part~=container]').innerText();
    throw new Error(`no session; the component shows:\n${shown}`);
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
