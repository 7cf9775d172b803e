//! E-mail over SMTP: text and HTML, threaded by request, marked as sent by a machine.

use std::fmt::Write as _;
use std::time::Duration;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::html::escape;
use super::{Notice, Receipt, SendError};

/// How long one step of the conversation with the server may take.
const STEP_TIME: Duration = Duration::from_secs(10);

/// The operator's mail server.
#[derive(Clone)]
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Where a reader says that no more is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Unsubscribe {
    pub(crate) url: String,
    /// Whether a bare POST to it is enough.
    pub(crate) is_one_click: bool,
}

macro_rules! text_header {
    ($type:ident, $name:literal) => {
        #[derive(Clone)]
        struct $type(String);

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

text_header!(AutoSubmitted, "Auto-Submitted");
text_header!(AutoResponseSuppress, "X-Auto-Response-Suppress");
text_header!(ListUnsubscribe, "List-Unsubscribe");
text_header!(ListUnsubscribePost, "List-Unsubscribe-Post");

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mailer({})", self.from)
    }
}

impl Mailer {
    /// The server at `smtp[s]://[USER:PASSWORD@]HOST[:PORT][?tls=required|opportunistic]`.
    ///
    /// # Errors
    /// Where the address cannot be read; the URL, which may hold a password, is not repeated.
    pub(crate) fn new(url: &str, from: &str) -> Result<Self, String> {
        let from = from.parse().map_err(|_| {
            format!(
                "`{from}` in PRELOOP_MAIL_FROM is no address: write `Preloop <preloop@example.com>`"
            )
        })?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| {
                format!(
                    "PRELOOP_SMTP_URL cannot be used ({error}): write \
                     `smtp://USER:PASSWORD@HOST:587?tls=required` or `smtps://...`"
                )
            })?
            .timeout(Some(STEP_TIME))
            .build();
        Ok(Self { transport, from })
    }

    /// Sends a notice to one address.
    pub(crate) async fn send(
        &self,
        to: &str,
        notice: &Notice,
        unsubscribe: Option<&Unsubscribe>,
    ) -> Result<Receipt, SendError> {
        let message = self.message(to, notice, unsubscribe)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(Receipt::default()),
            Err(error) if error.is_permanent() => {
                Err(SendError::permanent(format!("the mail server refused it: {}", code(&error))))
            }
            Err(error) if error.is_client() => Err(SendError::permanent(
                "the mail server does not offer what PRELOOP_SMTP_URL asks for",
            )),
            Err(error) if error.is_timeout() => {
                Err(SendError::transient("the mail server did not answer in time"))
            }
            Err(error) if error.is_transient() => {
                Err(SendError::transient(format!("the mail server put it off: {}", code(&error))))
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let cause = cause.unwrap_or_else(|| "the connection failed".to_owned());
                Err(SendError::transient(format!("the mail server cannot be reached: {cause}")))
            }
        }
    }

    fn message(
        &self,
        to: &str,
        notice: &Notice,
        unsubscribe: Option<&Unsubscribe>,
    ) -> Result<Message, SendError> {
        let to: Mailbox = to
            .parse()
            .map_err(|_| SendError::permanent("the receiver's address is no e-mail address"))?;
        let domain = self.from.email.domain();
        let thread = format!("<{}@{domain}>", notice.content.approval_id);
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(format!("[Preloop] {}", unlinked(&notice.content.headline)))
            // The same in every attempt, so that a mail that came twice is seen to be one.
            .message_id(Some(format!("<{}@{domain}>", notice.delivery_id)))
            .in_reply_to(thread.clone())
            .references(thread)
            .header(AutoSubmitted("auto-generated".to_owned()))
            .header(AutoResponseSuppress("All".to_owned()));
        if let Some(unsubscribe) = unsubscribe {
            builder = builder.header(ListUnsubscribe(format!("<{}>", unsubscribe.url)));
            if unsubscribe.is_one_click {
                builder =
                    builder.header(ListUnsubscribePost("List-Unsubscribe=One-Click".to_owned()));
            }
        }
        let body = MultiPart::alternative_plain_html(
            plain(notice, unsubscribe),
            html(notice, unsubscribe),
        );
        builder
            .multipart(body)
            .map_err(|error| SendError::permanent(format!("the mail cannot be written: {error}")))
    }
}

fn code(error: &lettre::transport::smtp::Error) -> String {
    error.status().map_or_else(|| "no code".to_owned(), |code| code.to_string())
}

/// The page for one answer; both pages ask once more before anything is decided.
fn page(notice: &Notice, decision: &str) -> String {
    let mark = if notice.url.contains('?') { '&' } else { '?' };
    format!("{}{mark}decision={decision}", notice.url)
}

/// Text that is not ours, with its addresses broken: mail programs make links of them, and the only links of a mail are to
/// decide by.
fn unlinked(text: &str) -> String {
    text.replace("://", "[:]//")
}

fn plain(notice: &Notice, unsubscribe: Option<&Unsubscribe>) -> String {
    let mut lines = vec![unlinked(&notice.content.headline), String::new()];
    lines.extend(notice.content.lines().iter().map(|line| unlinked(line)));
    lines.push(String::new());
    if notice.kind.asks() {
        lines.push(format!("Approve: {}", page(notice, "approve")));
        lines.push(format!("Decline: {}", page(notice, "decline")));
        lines.push(String::new());
        lines.push("Both open a page that asks you to confirm.".to_owned());
    } else {
        lines.push(format!("See it: {}", notice.url));
    }
    if let Some(unsubscribe) = unsubscribe {
        lines.push(format!("No more of these mails: {}", unsubscribe.url));
    }
    lines.join("\n")
}

fn html(notice: &Notice, unsubscribe: Option<&Unsubscribe>) -> String {
    let mut rows = String::new();
    for (label, value) in &notice.content.facts {
        // Writing to a text does not fail.
        let _ = write!(
            rows,
            "<tr><th align=\"left\" valign=\"top\" style=\"padding:4px 12px 4px 0\">{}</th>\
             <td style=\"padding:4px 0\">{}</td></tr>",
            escape(label),
            escape(&unlinked(value))
        );
    }
    let link = |url: &str, colour: &str, words: &str| {
        format!(
            "<a href=\"{}\" style=\"display:inline-block;padding:10px 20px;margin-right:12px;\
             background:{colour};color:#ffffff;text-decoration:none;border-radius:4px\">{words}</a>",
            escape(url)
        )
    };
    let links = if notice.kind.asks() {
        let approve = link(&page(notice, "approve"), "#1a7f37", "Approve");
        let decline = link(&page(notice, "decline"), "#b42318", "Decline");
        format!("<p>{approve}{decline}</p><p>Both open a page that asks you to confirm.</p>")
    } else {
        format!("<p>{}</p>", link(&notice.url, "#344054", "See it"))
    };
    let end = unsubscribe.map(|unsubscribe| {
        format!("<p><a href=\"{}\">No more of these mails</a></p>", escape(&unsubscribe.url))
    });
    format!(
        "<!doctype html><html lang=\"en\"><body style=\"font-family:sans-serif\">\
         <h1 style=\"font-size:20px\">{}</h1><table>{rows}</table>{links}{}</body></html>",
        escape(&unlinked(&notice.content.headline)),
        end.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use preloop_testbed::SmtpSink;

    use super::super::notice::testing::notice;
    use super::super::{NoticeKind, SendErrorKind};
    use super::*;

    fn mailer(sink: &SmtpSink) -> Mailer {
        Mailer::new(&sink.url(), "Preloop <preloop@corp.example>").unwrap()
    }

    fn unsubscribe() -> Unsubscribe {
        Unsubscribe { url: "https://preloop.example/u?t=1".to_owned(), is_one_click: true }
    }

    #[tokio::test]
    async fn a_mail_arrives_in_both_forms_and_threads_by_request() {
        let sink = SmtpSink::start();
        let mailer = mailer(&sink);
        let asked = notice(NoticeKind::Requested);
        mailer.send("ann@example.com", &asked, Some(&unsubscribe())).await.unwrap();
        let told =
            Notice { delivery_id: uuid::Uuid::from_u128(10), ..notice(NoticeKind::Declined) };
        mailer.send("ann@example.com", &told, None).await.unwrap();
        let [mail, second] = &sink.mails()[..] else { panic!("{:?}", sink.mails()) };
        assert_eq!(mail.from, "preloop@corp.example");
        assert_eq!(mail.to, ["ann@example.com"]);
        assert_eq!(mail.header("Subject"), "[Preloop] bot <b> wants to call pay & go");
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert_eq!(mail.header("List-Unsubscribe"), "<https://preloop.example/u?t=1>");
        assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!(mail.header("References"), second.header("References"));
        assert_ne!(mail.header("Message-ID"), second.header("Message-ID"));
        let text = mail.part("text/plain");
        let page =
            format!("https://preloop.example/approval/{}?t=1&u=2", asked.content.approval_id);
        assert!(text.contains(&format!("Approve: {page}&decision=approve")), "{text}");
        assert!(text.contains(&format!("Decline: {page}&decision=decline")), "{text}");
        let html = mail.part("text/html");
        assert!(html.contains("bot &lt;b&gt; wants") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&amp;decision=approve"), "{html}");
        assert!(!second.part("text/plain").contains("Approve:"));
    }

    #[test]
    fn words_of_an_agent_make_no_link() {
        let mut asked = notice(NoticeKind::Requested);
        let words = "Approve: https://evil.example/approval";
        asked.content.headline = format!("bot wants to call {words}");
        asked.content.facts.push(("The agent says", words.to_owned()));
        for text in [plain(&asked, None), html(&asked, None)] {
            assert!(text.contains("https[:]//evil.example/approval"), "{text}");
            let links = text.matches("://").count();
            assert_eq!(links, text.matches("://preloop.example/").count(), "{text}");
        }
    }

    #[tokio::test]
    async fn what_a_server_refuses_is_told_from_what_it_puts_off() {
        let sink = SmtpSink::start();
        let mailer = mailer(&sink);
        let asked = notice(NoticeKind::Requested);
        sink.answer_recipients("550 no such user");
        let refused = mailer.send("ann@example.com", &asked, None).await.unwrap_err();
        assert_eq!(refused.kind, SendErrorKind::Permanent, "{refused}");
        sink.answer_recipients("451 try later");
        let put_off = mailer.send("ann@example.com", &asked, None).await.unwrap_err();
        assert_eq!(put_off.kind, SendErrorKind::Transient, "{put_off}");
        sink.stop();
        let gone = mailer.send("ann@example.com", &asked, None).await.unwrap_err();
        assert_eq!(gone.kind, SendErrorKind::Transient, "{gone}");
        let nobody = mailer.send("ann", &asked, None).await.unwrap_err();
        assert_eq!(nobody.kind, SendErrorKind::Permanent, "{nobody}");
        assert_eq!(sink.mails().len(), 0);
    }

    #[test]
    fn a_bad_setting_does_not_repeat_the_password() {
        let error = Mailer::new("ftp://ann:hunter2@mail", "a@b.example").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(Mailer::new("smtp://localhost", "nobody").is_err());
    }
}
