// Shows what was pushed, and opens the request when it is clicked. Nothing is decided here.
"use strict";

self.addEventListener("push", (event) => {
  const { notification } = event.data.json();
  event.waitUntil(self.registration.showNotification(notification.title, {
    body: notification.body,
    tag: notification.tag,
    requireInteraction: true,
    data: { url: notification.navigate },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url));
});
