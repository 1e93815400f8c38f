// A sign-in without a library, in one file: start a flow, draw whatever the server offers, send what was entered.
// Everything the server says is put on the page as text, never as HTML.
"use strict";

(() => {
  const root = document.getElementById("signin");
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
    skip: "Skip",
    back: "Back",
  };
  const INPUTS = {
    identifier: "E-mail address or user name", email: "E-mail address", username: "User name", password: "Password",
    new_password: "New password", code: "Code", remember_me: "Keep me signed in",
  };
  const AUTOCOMPLETE = {
    identifier: "username", email: "email", username: "username", password: "current-password",
    new_password: "new-password", code: "one-time-code",
  };
  const ERRORS = {
    form_data_invalid_error: "Please check what you entered.",
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
        document_ = await send(document_, capabilities, { webauthn_available: false });
      }
      await show(flow, document_);
    });
  }

  const send = async (document_, action, values) =>
    (await call("POST", action.href, { input_data: values, csrf_token: document_.csrf_token })).json();

  async function act(flow, document_, action, values) {
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

  async function show(flow, document_) {
    if (document_.name === "success") return showAccount();
    const nodes = [element("h2", { textContent: words(STATES, document_.name) })];
    if (document_.error) {
      const wait = document_.payload && document_.payload.retry_after;
      const text = words(ERRORS, document_.error.code) + (wait > 0 ? ` (${wait} seconds)` : "");
      nodes.push(element("p", { className: "error", textContent: text }));
    }
    const visible = (action) => Object.values(action.inputs).filter((input) => !input.hidden);
    const actions = Object.values(document_.actions).filter(
      (action) => !(action.action === "username_set" && document_.actions.username_create));
    actions.sort((a, b) => (a.action === "back") - (b.action === "back") || visible(b).length - visible(a).length);
    for (const action of actions) nodes.push(form(flow, document_, action, visible(action)));
    if (actions.length === 0) nodes.push(button("Start over", () => start("login")));
    if (document_.name === "login_init") nodes.push(button("Create an account instead", () => start("registration")));
    if (document_.name === "registration_init") nodes.push(button("Sign in instead", () => start("login")));
    root.replaceChildren(...nodes);
    const first = root.querySelector("input:not([type=checkbox])");
    if (first) first.focus();
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
