// Asks the browser for a passkey, where a form says so, and sends its answer with the form.
'use strict';

const say = (form, text) => {
  form.querySelector('[role=status]').textContent = text;
};

const ask = {
  get: async (options) =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
  create: async (options) =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }),
};

for (const form of document.querySelectorAll('form[data-passkey]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
      say(form, 'This browser cannot use passkeys here: it is too old, or the address is neither https nor localhost.');
      return;
    }
    say(form, 'Waiting for the passkey…');
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = await ask[form.dataset.passkey](options.publicKey);
      form.elements.namedItem('credential').value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      say(form, `There was no passkey: ${error.message}`);
    }
  });
}
