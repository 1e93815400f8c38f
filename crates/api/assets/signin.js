// A sign-in without a library, in one file: start a flow, draw whatever the server offers, send what was entered.
// Everything the server says is put on the page as text, never as HTML.
"use strict";

(() => {
  const root = document.getElementById("signin");
  let autofill = null; // the passkey prompt in the form, while it is open
  let token = null; // only when the server sends sessions in a header instead of a cookie

  const STATES = {
    login_init: "Sign in",
    login_method_chooser: "How do you want to sign in?",
    login_password: "Enter your password",
    login_password_recovery: "Choose a new password",
    passcode_confirmation: "Enter the code from the mail",
    registration_init: "Create an account",
    password_creation: "Choose a password",
    onboarding_email: "Add your e-mail address",
    onboarding_username: "Choose a user name",
    login_passkey: "Use your passkey or security key",
    login_security_key: "Use your security key",
    login_otp: "Enter the code of your authenticator app",
    mfa_method_chooser: "Add a second factor",
    mfa_otp_secret_creation: "Set up an authenticator app",
    mfa_security_key_creation: "Set up a security key",
    credential_onboarding_chooser: "How do you want to sign in from now on?",
    onboarding_create_passkey: "Create a passkey",
    onboarding_verify_passkey_attestation: "Create a passkey",
    device_trust: "Do you trust this browser?",
    error: "That did not work",
  };
  const ACTIONS = {
    continue_with_login_identifier: "Continue",
    continue_to_passcode_confirmation: "Send me a code by mail",
    continue_to_password_login: "Use my password",
    continue_to_passcode_confirmation_recovery: "I forgot my password",
    password_login: "Sign in",
    password_recovery: "Save the new password",
    verify_passcode: "Continue",
    resend_passcode: "Send a new code",
    register_login_identifier: "Create an account",
    register_password: "Save the password",
    email_address_set: "Continue",
    username_create: "Continue",
    remember_me: "Keep me signed in",
    webauthn_generate_request_options: "Use a passkey",
    webauthn_generate_creation_options: "Create it now",
    continue_to_login_otp: "Use my authenticator app",
    continue_to_login_security_key: "Use my security key",
    continue_to_otp_secret_creation: "Authenticator app",
    continue_to_security_key_creation: "Security key",
    continue_to_passkey_registration: "Passkey",
    continue_to_password_registration: "Password",
    otp_code_validate: "Continue",
    otp_code_verify: "Continue",
    recovery_code: "Use the recovery code",
    trust_device: "Trust this browser",
    skip: "Skip",
    back: "Back",
  };
  const INPUTS = {
    identifier: "E-mail address or user name", email: "E-mail address", username: "User name", password: "Password",
    new_password: "New password", code: "Code", otp_code: "Code", recovery_code: "Recovery code", remember_me: "Keep me signed in",
  };
  const AUTOCOMPLETE = {
    identifier: "username webauthn", email: "username webauthn", username: "username webauthn", password: "current-password",
    new_password: "new-password", code: "one-time-code", otp_code: "one-time-code",
  };
  const ERRORS = {
    form_data_invalid_error: "Please check what you entered.",
    passkey_invalid: "This passkey cannot be used.",
    webauthn_credential_invalid_mfa_only: "This security key is a second factor only.",
    platform_authenticator_required: "This device cannot do what your account asks for.",
    passcode_invalid: "This code is not right.",
    passcode_max_attempts_reached: "The code was entered wrong too often. Ask for a new one.",
    rate_limit_exceeded: "That was too often. Please wait a moment.",
    operation_not_permitted_error: "This is not possible.",
    flow_expired_error: "It took too long. Please start again.",
    flow_discontinuity_error: "It cannot go on from here. Please start again.",
    technical_error: "Something went wrong. Please try again.",
    unauthorized: "The password or the name is not right.",
    value_missing_error: "This is missing.",
    value_too_long_error: "This is too long.",
    value_too_short_error: "This is too short.",
    value_invalid_error: "This cannot be used. Please choose something else.",
    email_already_exists: "This address is already in use.",
    username_already_exists: "This user name is already in use.",
    unknown_email_error: "This address is not known.",
    unknown_username_error: "This user name is not known.",
    invalid_username_error: "This user name has characters that are not allowed.",
  };

  const words = (table, name) => table[name] || name.replaceAll("_", " ");

  const element = (name, properties, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children.filter((child) => child !== null));
    return node;
  };

  async function call(method, path, body) {
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
    token = response.headers.get("X-Auth-Token") || token;
    return response;
  }

  async function start(flow) {
    await guarded(() => start(flow), async () => {
      let document_ = await (await call("POST", `/${flow}`)).json();
      const capabilities = document_.actions.register_client_capabilities;
      if (capabilities) {
        document_ = await send(document_, capabilities, await abilities());
      }
      await show(flow, document_);
    });
  }

  const send = async (document_, action, values) =>
    (await call("POST", action.href, { input_data: values, csrf_token: document_.csrf_token })).json();

  /** What this browser can do. */
  async function abilities() {
    const browser = window.PublicKeyCredential;
    const can = async (question) => Boolean(browser && browser[question] && (await browser[question]().catch(() => false)));
    return {
      webauthn_available: Boolean(browser),
      webauthn_conditional_mediation_available: await can("isConditionalMediationAvailable"),
      webauthn_platform_authenticator_available: await can("isUserVerifyingPlatformAuthenticatorAvailable"),
    };
  }

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const descriptors = (list) => list && list.map((credential) => ({ ...credential, id: bytes(credential.id) }));

  /** Runs a ceremony with the options of the server; resolves to what the server wants to know. */
  async function ceremony({ publicKey }, extra = {}) {
    const options = { ...publicKey, challenge: bytes(publicKey.challenge) };
    const create = Boolean(publicKey.user);
    if (create) options.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
    if (publicKey.allowCredentials) options.allowCredentials = descriptors(publicKey.allowCredentials);
    if (publicKey.excludeCredentials) options.excludeCredentials = descriptors(publicKey.excludeCredentials);
    const credential = await navigator.credentials[create ? "create" : "get"]({ publicKey: options, ...extra });
    const { response } = credential;
    const answer = { clientDataJSON: text(response.clientDataJSON) };
    if (create) {
      answer.attestationObject = text(response.attestationObject);
      answer.transports = response.getTransports ? response.getTransports() : [];
    } else {
      answer.authenticatorData = text(response.authenticatorData);
      answer.signature = text(response.signature);
      if (response.userHandle) answer.userHandle = text(response.userHandle);
    }
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: answer };
  }

  const CEREMONIES = {
    request_options: ["webauthn_verify_assertion_response", "assertion_response"],
    creation_options: ["webauthn_verify_attestation_response", "public_key"],
  };

  /** Passkeys in the input field: runs until one is chosen or the page goes on. */
  function offerPasskeys(flow, document_) {
    const options = document_.payload && document_.payload.request_options;
    const verify = document_.actions.webauthn_verify_assertion_response;
    if (!options || !verify) return;
    const abort = new AbortController();
    autofill = abort;
    ceremony(options, { mediation: "conditional", signal: abort.signal })
      .then((answer) => act(flow, document_, verify, { assertion_response: answer }))
      .catch((error) => abort.signal.aborted || console.warn(error));
  }

  /** States whose document carries options start the ceremony by themselves. */
  async function runCeremony(flow, document_) {
    for (const [member, [name, input]] of Object.entries(CEREMONIES)) {
      const options = document_.payload && document_.payload[member];
      if (!options || document_.name === "login_init") continue;
      try {
        const answer = await ceremony(options);
        await act(flow, document_, document_.actions[name], { [input]: answer });
      } catch (error) {
        console.warn(error);
        const again = { ...document_, again: member };
        await show(flow, again, "That was cancelled, or it did not work.");
      }
      return;
    }
  }

  async function act(flow, document_, action, values) {
    if (autofill) autofill.abort();
    autofill = null;
    for (const control of root.querySelectorAll("button, input")) control.disabled = true;
    await guarded(() => show(flow, document_), async () => show(flow, await send(document_, action, values)));
  }

  async function guarded(again, work) {
    try {
      await work();
    } catch (error) {
      console.error(error);
      const retry = element("button", { type: "button", textContent: "Try again" });
      retry.addEventListener("click", () => again());
      root.replaceChildren(element("p", { className: "error", textContent: "The server could not be reached." }), retry);
    }
  }

  async function show(flow, document_, problem = null) {
    const codes = document_.payload && document_.payload.recovery_codes;
    if (codes) return showRecoveryCodes(flow, document_, codes);
    if (document_.name === "success") return showAccount();
    const nodes = [element("h2", { textContent: words(STATES, document_.name) })];
    if (document_.error) {
      const wait = document_.payload && document_.payload.retry_after;
      const text = words(ERRORS, document_.error.code) + (wait > 0 ? ` (${wait} seconds)` : "");
      nodes.push(element("p", { className: "error", textContent: text }));
    }
    if (problem) nodes.push(element("p", { className: "error", textContent: problem }));
    nodes.push(...secret(document_));
    const visible = (action) => Object.values(action.inputs).filter((input) => !input.hidden);
    const actions = Object.values(document_.actions).filter(
      (action) => !(action.action === "username_set" && document_.actions.username_create) &&
        !Object.values(action.inputs).some((input) => input.type === "json"));
    actions.sort((a, b) => (a.action === "back") - (b.action === "back") || visible(b).length - visible(a).length);
    for (const action of actions) nodes.push(form(flow, document_, action, visible(action)));
    if (document_.again) {
      nodes.push(button("Try again", () => show(flow, { ...document_, again: null })));
    }
    if (actions.length === 0) nodes.push(button("Start over", () => start("login")));
    if (document_.name === "login_init") nodes.push(button("Create an account instead", () => start("registration")));
    if (document_.name === "registration_init") nodes.push(button("Sign in instead", () => start("login")));
    root.replaceChildren(...nodes);
    const first = root.querySelector("input:not([type=checkbox])");
    if (first) first.focus();
    if (document_.name === "login_init") offerPasskeys(flow, document_);
    else if (!document_.again) await runCeremony(flow, document_);
  }

  /** What an authenticator app needs. */
  function secret(document_) {
    const { otp_secret: typed, otp_image_source: image } = document_.payload || {};
    if (!typed || !image) return [];
    return [
      element("p", { textContent: "Scan this with your authenticator app, or type the key below into it." }),
      element("img", { src: image, alt: "QR code", width: 200, height: 200 }),
      element("p", {}, element("code", { id: "otp-secret", textContent: typed })),
    ];
  }

  /** Shown once: the next document does not have them. */
  function showRecoveryCodes(flow, document_, codes) {
    const { recovery_codes: _, ...payload } = document_.payload;
    root.replaceChildren(
      element("h2", { textContent: "Keep your recovery codes" }),
      element("p", { textContent: "Each lets you in once if you lose your second factor. They are not shown again." }),
      element("ul", { id: "recovery-codes" },
        ...codes.map((code) => element("li", {}, element("code", { textContent: code })))),
      button("I have saved them", () => show(flow, { ...document_, payload })),
    );
  }

  const inputError = (state, input) => {
    const wrongPassword = state === "login_password" && input.error.code === "value_invalid_error";
    return wrongPassword ? "This password is not right." : words(ERRORS, input.error.code);
  };

  function form(flow, document_, action, inputs) {
    const controls = inputs.map((input) => [input, control(input)]);
    const submit = element("button", { type: "submit", textContent: words(ACTIONS, action.action) });
    if (inputs.length > 0) submit.className = "primary";
    const node = element("form", { noValidate: true });
    for (const [input, field] of controls) {
      const label = element("label", { htmlFor: field.id, textContent: words(INPUTS, input.name) });
      const error = input.error ? element("p", { className: "error", textContent: inputError(document_.name, input) }) : null;
      node.append(...[label, field, error].filter((part) => part !== null));
    }
    node.append(submit);
    node.addEventListener("submit", (event) => {
      event.preventDefault();
      const values = {};
      for (const [input, field] of controls) {
        if (input.type === "boolean") values[input.name] = field.checked;
        else if (field.value !== "" || input.required) values[input.name] = field.value;
      }
      act(flow, document_, action, values);
    });
    return node;
  }

  function control(input) {
    const types = { boolean: "checkbox", password: "password", email: "email" };
    const field = element("input", { type: types[input.type] || "text", id: `input-${input.name}`, name: input.name });
    field.autocomplete = AUTOCOMPLETE[input.name] || "off";
    if (input.name === "code") field.inputMode = "numeric";
    if (input.type !== "boolean" && typeof input.value === "string") field.value = input.value;
    return field;
  }

  function button(text, click) {
    const node = element("button", { type: "button", textContent: text });
    node.addEventListener("click", click);
    return node;
  }

  async function showAccount() {
    await guarded(showAccount, async () => {
      const response = await call("GET", "/me");
      if (response.status === 401) return start("login");
      const me = await response.json();
      const primary = (me.emails || []).find((email) => email.is_primary);
      const name = (primary && primary.address) || (me.username && (me.username.username || me.username)) || me.id;
      const out = button("Sign out", () => guarded(showAccount, async () => {
        await call("POST", "/logout");
        token = null;
        await start("login");
      }));
      root.replaceChildren(element("h2", { textContent: "Signed in" }), element("p", { id: "who", textContent: String(name) }), out);
    });
  }

  // Ask first whether there is a session: /me without one would put an error into the console of every visitor.
  guarded(() => location.reload(), async () => {
    const session = await (await call("GET", "/sessions/validate")).json();
    await (session.is_valid ? showAccount() : start("login"));
  });
})();
