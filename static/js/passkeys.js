// Forms with `data-passkey` ask the browser to make ("create") or use ("get") a passkey, and send its answer as the
// field `credential`. The options are in the form as JSON, or are fetched from `data-passkey-url` when the button is
// pressed. Errors are shown in [data-passkey-problem].

const ceremonies = { create: makePasskey, get: showPasskey };

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.passkeyGiven) return;
    event.preventDefault();
    answer(form);
  });
}

async function answer(form) {
  const button = form.querySelector("button:not([type])");
  tell(form, "");
  button.setAttribute("aria-disabled", "true");
  try {
    const { publicKey } = await optionsOf(form);
    const credential = await ceremonies[form.dataset.passkey](publicKey, form);
    form.elements.credential.value = JSON.stringify(credential);
    form.dataset.passkeyGiven = "true";
    form.requestSubmit();
  } catch (error) {
    tell(form, sentence(error, form));
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function optionsOf(form) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) throw new DOMException("", "NotSupportedError");
  const url = form.dataset.passkeyUrl;
  if (!url) return JSON.parse(form.querySelector("script[type='application/json']").textContent);
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(response.status === 429 ? "busy" : "server");
  return (await response.json()).request_options;
}

async function makePasskey(options, form) {
  const alone = form.elements.passwordless?.checked ?? false;
  const wanted = {
    ...options,
    authenticatorSelection: {
      ...options.authenticatorSelection,
      residentKey: alone ? "required" : "discouraged",
      requireResidentKey: alone,
      userVerification: alone ? "required" : "preferred",
    },
  };
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(wanted);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}

async function showPasskey(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}

function sentence(error, form) {
  const isNew = form.dataset.passkey === "create";
  if (error.message === "busy") return "Too many attempts. Wait a minute, then try again.";
  switch (error.name) {
    case "NotAllowedError":
      return isNew ? "No passkey was added: the dialog was closed, or it took too long." : noneUsed(form);
    case "InvalidStateError":
      return "This device already has a passkey for your account.";
    case "SecurityError":
      return "Browsers allow no passkeys at this address. Open Mantik by its host name and over HTTPS, or as localhost.";
    case "NotSupportedError":
      return `This browser does not support passkeys. Use a newer one${isNew ? "" : ", or sign in another way"}.`;
    default:
      return "That did not work. Reload the page, then try again.";
  }
}

// The sign-in page, which does not know the account yet, finds only passkeys that sign in without the password.
function noneUsed(form) {
  const reason = "No passkey was used: the dialog was closed, it took too long, or this device has no passkey";
  if (!form.dataset.passkeyUrl) return `${reason} for your account.`;
  const next = "If yours is a second factor, sign in with your password first; you are then asked for the passkey.";
  return `${reason} that signs in without the password. ${next}`;
}

function tell(form, text) {
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = !text;
  problem.querySelector("p").textContent = text;
}
