// Registers the browser that opened the link: asks for leave, subscribes, and hands the subscription over with the code.
"use strict";

const code = location.hash.slice(1);
// The code is not for the history of the browser.
history.replaceState(null, "", location.pathname);

const state = document.getElementById("state");
const say = (words) => { state.textContent = words; };

const bytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};

const answer = async (response) => {
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail || "the server refused it");
  return body;
};

const add = async () => {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    throw new Error("this browser takes no pushes from web pages");
  }
  if (await Notification.requestPermission() !== "granted") {
    throw new Error("the browser was not allowed to show notifications");
  }
  const base = "/api/v1/notification-preferences";
  const key = await answer(await fetch(`${base}/push-key`));
  const worker = await navigator.serviceWorker.register("/devices/worker.js", { scope: "/devices/" });
  const subscription = await worker.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytes(key.public_key),
  });
  const { endpoint, keys } = subscription.toJSON();
  const device = {
    code,
    name: document.getElementById("name").value,
    platform: "web",
    subscription: { endpoint, keys },
  };
  await answer(await fetch(`${base}/register-via-token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(device),
  }));
};

const button = document.getElementById("add");
button.addEventListener("click", async () => {
  button.disabled = true;
  say("One moment.");
  try {
    await add();
    say("Added. You can close this page.");
  } catch (error) {
    button.disabled = false;
    say(`Not added: ${error.message}`);
  }
});
if (!code) say("This link has no code: make a new one.");
