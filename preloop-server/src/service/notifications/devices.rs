//! Browsers and phones that take pushes: added by their user, or by a code that the user shows to them.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use preloop_api::{
    AddDevice, Device, DeviceLink, DevicePlatform, PushKey, PushSubscription, RegisterDevice,
    SecretText,
};
use preloop_core::audit::AuditKind;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use uuid::Uuid;

use super::preferences::invalid;
use super::send::Unsent;
use super::target::Target;
use crate::digest::sha256_hex;
use crate::ids::new_id;
use crate::mcp::Reach;
use crate::notify::{
    AUTH_BYTES, Notice, PUBLIC_KEY_BYTES, Receipt, Subscription, send_web_push, visible,
};
use crate::service::{Caller, Platform, ServiceError, Services};
use crate::store::{StoredDelivery, StoredDevice};

/// What a ticket that registers a device is for.
const REGISTER: &str = "register device";
const CODE_TIME: Duration = Duration::from_mins(2);
/// Most devices of a user; the oldest gives way.
const DEVICES_MAX: i64 = 20;
const NAME_CHARS_MAX: usize = 100;
const ADDRESS_CHARS_MAX: usize = 2_000;
/// Width of the picture of a code.
const PICTURE_SIZE: u32 = 280;

impl Services {
    /// The devices of the caller.
    pub(crate) async fn device_list(&self, caller: &Caller) -> Result<Vec<Device>, ServiceError> {
        let user_id = caller.must_be_user()?;
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        let devices = store.device_list(account_id, Some(user_id)).await?;
        Ok(devices.into_iter().map(shown).collect())
    }

    /// Adds a device of the caller's.
    pub(crate) async fn device_add(
        &self,
        caller: &Caller,
        request: AddDevice,
    ) -> Result<Device, ServiceError> {
        let user_id = caller.must_be_signed_in()?;
        let AddDevice { name, platform, subscription, token } = request;
        let device = self.device(user_id, &name, platform, subscription, token)?;
        let by = caller.principal.name.clone();
        self.device_store(device, &by).await
    }

    /// Forgets a device of the caller's.
    pub(crate) async fn device_revoke(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<(), ServiceError> {
        let user_id = caller.must_be_user()?;
        if self.inner.store.device_delete(self.inner.account_id, user_id, id).await? {
            return self.record_act(caller, AuditKind::DeviceRevoked, format!("device `{id}`"));
        }
        Err(ServiceError::NotFound {
            code: "device_not_found",
            message: format!("you have no device with the id `{id}`"),
        })
    }

    /// A link that registers the device which opens it as one of the caller's, once and soon.
    pub(crate) async fn device_link(&self, caller: &Caller) -> Result<DeviceLink, ServiceError> {
        let user_id = caller.must_be_signed_in()?;
        let now = self.now();
        let expires_at = now.saturating_add(CODE_TIME);
        let (account_id, user_id) = (self.inner.account_id.to_string(), user_id.to_string());
        // The id makes each code another one.
        let fields = [account_id.as_str(), user_id.as_str(), &new_id(now).to_string()];
        let code = self.inner.ticket_key().await?.sign(REGISTER, &fields, expires_at);
        // What follows the `#` is not sent to any server on the way.
        Ok(DeviceLink { url: format!("{}/devices/add#{code}", self.base_url()), expires_at })
    }

    /// The same as a picture to be scanned.
    pub(crate) async fn device_picture(&self, caller: &Caller) -> Result<String, ServiceError> {
        let link = self.device_link(caller).await?;
        let code = QrCode::with_error_correction_level(link.url.as_bytes(), EcLevel::M);
        let code = code.map_err(|_| {
            invalid(
                "public_url_too_long",
                "PRELOOP_PUBLIC_URL is too long for a code to be scanned",
            )
        })?;
        Ok(code.render::<svg::Color<'_>>().min_dimensions(PICTURE_SIZE, PICTURE_SIZE).build())
    }

    /// What browsers need to subscribe.
    pub(crate) async fn push_key(&self) -> Result<PushKey, ServiceError> {
        Ok(PushKey { public_key: self.inner.vapid_key().await?.public_key() })
    }

    fn device(
        &self,
        user_id: Uuid,
        name: &str,
        platform: DevicePlatform,
        subscription: Option<PushSubscription>,
        token: Option<SecretText>,
    ) -> Result<StoredDevice, ServiceError> {
        let name = name.trim();
        if name.is_empty() || visible(name, NAME_CHARS_MAX) != name {
            let message = format!("`name` must be one line of 1 to {NAME_CHARS_MAX} characters");
            return Err(invalid("invalid_device", message));
        }
        let (address, browser) = match (platform, subscription, token) {
            (DevicePlatform::Web, Some(subscription), None) => self.browser(subscription)?,
            (DevicePlatform::Android | DevicePlatform::Ios, None, Some(token)) => {
                let token = token.into_text();
                let is_good = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
                if !is_good || token.len() > ADDRESS_CHARS_MAX {
                    return Err(invalid("invalid_device", "`token` is no token of a push service"));
                }
                (token, None)
            }
            _ => {
                let message = "a browser comes with its `subscription`, a phone with its `token`";
                return Err(invalid("invalid_device", message));
            }
        };
        let (now, name) = (self.now(), name.to_owned());
        Ok(StoredDevice {
            id: new_id(now),
            user_id,
            name,
            platform,
            address,
            browser,
            created_at: now,
        })
    }

    fn browser(
        &self,
        subscription: PushSubscription,
    ) -> Result<(String, Option<(String, String)>), ServiceError> {
        let PushSubscription { endpoint, keys } = subscription;
        let url =
            reqwest::Url::parse(&endpoint).ok().filter(|_| endpoint.len() <= ADDRESS_CHARS_MAX);
        let is_secure = |url: &reqwest::Url| {
            url.scheme() == "https"
                || (url.scheme() == "http" && self.reach_of_devices() == Reach::Anywhere)
        };
        if !url.is_some_and(|url| is_secure(&url) && url.has_host()) {
            return Err(invalid("invalid_device", "`endpoint` must be an https URL"));
        }
        let auth = keys.auth.into_text();
        let key = decode(&keys.p256dh).filter(|key| key.len() == PUBLIC_KEY_BYTES);
        if key.is_none() || decode(&auth).is_none_or(|auth| auth.len() != AUTH_BYTES) {
            return Err(invalid(
                "invalid_device",
                "`keys` are not those of a browser's subscription",
            ));
        }
        Ok((endpoint, Some((keys.p256dh, auth))))
    }

    /// A user names the address of a device, never the operator's own file.
    fn reach_of_devices(&self) -> Reach {
        self.inner.notify.dial_of_others.reach()
    }

    async fn device_store(&self, device: StoredDevice, by: &str) -> Result<Device, ServiceError> {
        self.inner.store.device_put(self.inner.account_id, &device, DEVICES_MAX).await?;
        let mut record = self.new_record(AuditKind::DeviceAdded);
        record.actor = Some(by.to_owned());
        let platform = device.platform.as_str();
        record.message = Some(format!("device `{}` ({platform}) of user `{by}`", device.name));
        self.record(&record)?;
        Ok(shown(device))
    }

    pub(super) async fn send_to_device(
        &self,
        id: Uuid,
        notice: &Notice,
    ) -> Result<Receipt, Unsent> {
        let gone = |why: &str| Unsent::Pointless(why.to_owned());
        let devices = self.inner.store.device_list(self.inner.account_id, None).await?;
        let device = devices.into_iter().find(|device| device.id == id);
        let device = device.ok_or_else(|| gone("the device was revoked"))?;
        let user = self.inner.store.user_find(self.inner.account_id, device.user_id).await?;
        if user.is_none_or(|stored| stored.user.disabled_at.is_some()) {
            return Err(gone("the user was disabled"));
        }
        let wanted = self.preferences_of(device.user_id).await?;
        let channels = &self.inner.notify.channels;
        match &device.browser {
            Some((key, auth)) if wanted.web_push => {
                let vapid = self.inner.vapid_key().await?;
                let decoded = |text: &str| decode(text).unwrap_or_default();
                let (key, auth) = (decoded(key), decoded(auth));
                let subscription = Subscription { endpoint: device.address.clone(), key, auth };
                let contact = channels.push_contact.as_deref().unwrap_or(self.base_url());
                let reach = self.reach_of_devices();
                let (clients, now) = (&channels.clients, self.now());
                Ok(send_web_push(clients, &vapid, contact, reach, &subscription, notice, now)
                    .await?)
            }
            None if wanted.mobile_push => {
                let proxy = channels.push_proxy.as_ref();
                let proxy = proxy.ok_or_else(|| gone("this server has no push proxy"))?;
                let platform = device.platform.as_str();
                Ok(proxy.send(&channels.clients, platform, &device.address, notice).await?)
            }
            Some(_) | None => Err(gone("the user wants it no more")),
        }
    }

    /// Forgets the device of a delivery: its push service does not know it any more.
    pub(super) async fn device_gone(&self, delivery: &StoredDelivery) {
        let (Some(user_id), Some(Target::Device { id })) =
            (delivery.user_id, Target::from_text(&delivery.target))
        else {
            return;
        };
        if let Err(error) = self.inner.store.device_delete(delivery.account_id, user_id, id).await {
            tracing::warn!(%error, device = %id, "a device that is gone stays for now");
        }
    }
}

impl Platform {
    /// Registers a device by a code; wrong ones are counted by address.
    pub(crate) async fn device_register(
        &self,
        request: RegisterDevice,
        from: Option<IpAddr>,
    ) -> Result<Device, ServiceError> {
        let guess = self.guess_key(from)?;
        let RegisterDevice { code, name, platform, subscription, token } = request;
        let now = self.shared().now();
        let refused = || invalid("invalid_code", "the code is not good any more: show another one");
        let key = self.shared().ticket_key().await?;
        let fields = key.open(REGISTER, code.reveal(), now).unwrap_or_default();
        let ids: Vec<Uuid> = fields.iter().filter_map(|field| field.parse().ok()).collect();
        let [account_id, user_id, _] = ids.as_slice() else { return Err(refused()) };
        let services = self.services(*account_id).await?;
        let found = self.shared().store.user_find(*account_id, *user_id).await?;
        let user = found.map(|stored| stored.user).filter(|user| user.disabled_at.is_none());
        let user = user.ok_or_else(refused)?;
        // Before the code is spent: what is wrong with the device can be mended and sent again.
        let device = services.device(user.id, &name, platform, subscription, token)?;
        let hash = sha256_hex(&[code.reveal().as_bytes()]);
        let ends = now.saturating_add(CODE_TIME);
        if !self.shared().store.code_spend(&hash, ends, now).await? {
            return Err(refused());
        }
        guess.succeeded();
        services.device_store(device, &user.name).await
    }

    /// What browsers need to subscribe; the same for every account.
    pub(crate) async fn push_key(&self) -> Result<PushKey, ServiceError> {
        self.first().push_key().await
    }
}

/// The name of the push service that a device hears, or the kind of its phone.
pub(super) fn push_service(device: &StoredDevice) -> String {
    let host = reqwest::Url::parse(&device.address).ok();
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    host.filter(|_| device.browser.is_some()).unwrap_or_else(|| device.platform.as_str().to_owned())
}

fn shown(device: StoredDevice) -> Device {
    let push_service = device.browser.is_some().then(|| push_service(&device));
    let StoredDevice { id, name, platform, created_at, .. } = device;
    Device { id, name, platform, push_service, created_at }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
