//! Forms of texts: dates, ports, address blocks, account ids, names of resources.

use std::net::IpAddr;

use ringfence_model::fact::{PortRange, Protocol};

/// A form that a text must have.
#[derive(Debug)]
pub(crate) struct Form {
    /// What it is, with its article: `a date`.
    pub(crate) noun: &'static str,
    /// What to write instead.
    pub(crate) help: &'static str,
    /// The same as a regular expression for editors; the check below may be stricter.
    pub(crate) pattern: &'static str,
    /// Whether a text has the form.
    pub(crate) accepts: fn(&str) -> bool,
}

const fn form(
    noun: &'static str,
    help: &'static str,
    pattern: &'static str,
    accepts: fn(&str) -> bool,
) -> Form {
    Form { noun, help, pattern, accepts }
}

pub(crate) static SCHEMA: Form = form(
    "a version that is known",
    "write `schema: ringfence.declaration/1`",
    r"^ringfence\.declaration/1$",
    |text| text == crate::VERSION,
);
pub(crate) static NAME: Form = form("a name", "write a name on one line", r"^\S.*$", is_name);
pub(crate) static ID: Form =
    form("an id", "use letters, digits, `-`, `_` and `.`", r"^[A-Za-z0-9][A-Za-z0-9._-]*$", is_id);
pub(crate) static PROSE: Form = form("a text", "write a few words", r"\S", |text| !text.trim().is_empty());
pub(crate) static PATH: Form =
    form("a path", "write a path from the folder of this file", r"^\S.*$", is_name);
pub(crate) static GLOB: Form = form("a glob", "write a path with `*` or `**`", r"^\S.*$", is_name);
pub(crate) static DATE: Form = form(
    "a date",
    "write a day of the calendar as `2027-01-31`",
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    is_date,
);
pub(crate) static PORT: Form = form(
    "a port with its protocol",
    "write `443/TCP` or `8000-8080/TCP`, with TCP, UDP or SCTP",
    r"^[0-9]{1,5}(-[0-9]{1,5})?/(TCP|UDP|SCTP|tcp|udp|sctp)$",
    |text| port(text).is_some(),
);
pub(crate) static CIDR: Form = form(
    "an address block",
    "write `198.51.100.0/24`, without bits after the prefix; a single address is `198.51.100.7/32`",
    r"^[0-9A-Fa-f.:]+/[0-9]{1,3}$",
    is_cidr,
);
pub(crate) static ACCOUNT_ID: Form =
    form("an AWS account id", "write its twelve digits in quotes", r"^[0-9]{12}$", |text| {
        text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
    });
pub(crate) static RETENTION: Form = form(
    "a length of time",
    "write a number and hours, days, weeks, months or years, such as `13 months` or `180 days after settlement`",
    r"^[0-9]+ (minute|hour|day|week|month|year)s?( after \S.*)?$",
    is_retention,
);
pub(crate) static WORKLOAD: Form = form(
    "a workload",
    "write `NAMESPACE/NAME` or `NAMESPACE/NAME[KIND]`",
    r"^[a-z0-9.:_-]+/[a-z0-9.:_-]+(\[[A-Za-z0-9]+\])?$",
    |text| object(text).is_some(),
);
pub(crate) static SERVICE: Form =
    form("a namespace and a name", "write `NAMESPACE/NAME`", r"^[a-z0-9.:_-]+/[a-z0-9.:_-]+$", |text| {
        object(text) == Some("")
    });
pub(crate) static RESOURCE: Form = form(
    "a resource",
    "write `NAMESPACE/NAME[KIND]`, `AWS::TYPE/NAME` or a Terraform address",
    r"^\S.*[/.\[].*$",
    is_resource,
);
pub(crate) static REGISTRY: Form = form(
    "a registry",
    "write the host without a scheme, such as `registry.example.com` or `docker.io/library`",
    r"^([^\s/]*[.:][^\s/]*|localhost)(/[^\s]*)?$",
    is_registry,
);
pub(crate) static CAPABILITY: Form = form(
    "a capability",
    "write it as Kubernetes does, in capitals and without `CAP_`: `CHOWN`",
    r"^(?!CAP_)[A-Z][A-Z_]*$",
    |text| {
        let capital = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        text.bytes().all(capital)
            && text.bytes().next().is_some_and(|byte| byte != b'_')
            && !text.starts_with("CAP_")
    },
);
pub(crate) static ARN: Form = form(
    "an ARN",
    "write the ARN of a role or user, such as `arn:aws:iam::111122223333:role/break-glass`",
    r"^arn:[^\s:]+:[^\s:]+:[^\s:]*:[^\s:]*:[^\s]+$",
    |text| {
        text.starts_with("arn:") && text.splitn(6, ':').count() == 6 && !text.contains(char::is_whitespace)
    },
);
pub(crate) static REQUIREMENT: Form = form(
    "a requirement",
    "write its number in quotes, such as \"12.8.5\" or \"A1.1.2\"",
    r"^A?[0-9]+(\.[0-9]+)*$",
    is_requirement,
);
pub(crate) static PEER: Form = form(
    "an end of a connection",
    "write `NAMESPACE/NAME[KIND]`, `NAMESPACE/*`, an address block without bits after its prefix, `internet`, a \
     class or the name of an endpoint",
    r"^\S.*$",
    |text| is_name(text) && (!looks_like_cidr(text) || is_cidr(text)),
);

/// Ports as written: `443/TCP`, `8000-8080/TCP`.
pub(crate) fn port(text: &str) -> Option<PortRange> {
    let (ports, protocol) = text.split_once('/')?;
    let (start, end) = ports.split_once('-').unwrap_or((ports, ports));
    let protocol = Protocol::parse(protocol)?;
    let (start, end) = (number(start)?, number(end)?);
    (1 <= start && start <= end).then_some(PortRange { protocol, start, end })
}

/// A number of digits alone: `parse` would take a sign.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The kind in `ns/name[Kind]`; empty where there is none. `None` for what is no such text.
pub(crate) fn object(text: &str) -> Option<&str> {
    let (path, kind) = match text.strip_suffix(']') {
        Some(rest) => rest.split_once('[').filter(|(_, kind)| !kind.is_empty())?,
        None => (text, ""),
    };
    let (namespace, name) = path.split_once('/')?;
    (is_object_name(namespace) && is_object_name(name) && is_kind(kind)).then_some(kind)
}

fn is_kind(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `name[Kind]`, an object of the whole cluster.
fn is_cluster_object(text: &str) -> bool {
    let parts = text.strip_suffix(']').and_then(|rest| rest.split_once('['));
    parts.is_some_and(|(name, kind)| is_object_name(name) && !kind.is_empty() && is_kind(kind))
}

/// Names of Kubernetes objects; RBAC names may hold colons.
fn is_object_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:_".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
}

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric()) && text.bytes().all(allowed)
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |digits: usize| parts.next().filter(|part| part.len() == digits).and_then(number);
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else { return false };
    parts.next().is_none() && (1..=days(year, month)).contains(&day)
}

/// Days of a month; none for what is no month.
fn days(year: u16, month: u16) -> u16 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

fn looks_like_cidr(text: &str) -> bool {
    let address = text.split('/').next().unwrap_or_default();
    text.parse::<IpAddr>().is_ok() || (text.contains('/') && address.parse::<IpAddr>().is_ok())
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let (Ok(address), Some(length)) = (address.parse::<IpAddr>(), number(length)) else { return false };
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    length <= width
        && (length == 0 && bits == 0 || length > 0 && bits.trailing_zeros() >= u32::from(width - length))
}

fn is_retention(text: &str) -> bool {
    let (time, event) = text.split_once(" after ").map_or((text, None), |(time, event)| (time, Some(event)));
    let Some((count, unit)) = time.split_once(' ') else { return false };
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    number(count).is_some()
        && ["minute", "hour", "day", "week", "month", "year"].contains(&unit)
        && event.is_none_or(|event| !event.trim().is_empty())
}

fn is_resource(text: &str) -> bool {
    let named =
        |text: &str| text.split_once('/').is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty());
    is_name(text)
        && match text.starts_with("AWS::") {
            true => named(text),
            false => object(text).is_some() || is_cluster_object(text) || is_terraform_address(text),
        }
}

/// `TYPE.NAME`, under modules or not, with an index or not.
fn is_terraform_address(text: &str) -> bool {
    let before_index = text.split('[').next().unwrap_or_default();
    let mut steps = before_index.split('.');
    let step = |step: &str| {
        !step.is_empty()
            && step.chars().all(|character| character.is_alphanumeric() || "-_".contains(character))
    };
    steps.clone().count() >= 2 && steps.all(step)
}

fn is_registry(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    let is_host = host.contains('.') || host.contains(':') || host == "localhost";
    is_name(text) && is_host && !text.contains("://") && !text.contains(char::is_whitespace)
}

fn is_requirement(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('A').unwrap_or(text).split('.').all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: &Form, good: &[&str], bad: &[&str]) {
        // The schema must not refuse what the reader takes.
        let schema = jsonschema::validator_for(&serde_json::json!({ "pattern": form.pattern })).unwrap();
        good.iter().for_each(|text| assert!(schema.is_valid(&(*text).into()), "{text:?} in an editor"));
        good.iter().for_each(|text| assert!((form.accepts)(text), "{text:?} is {}", form.noun));
        bad.iter().for_each(|text| assert!(!(form.accepts)(text), "{text:?} is not {}", form.noun));
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        check(
            &DATE,
            &["2027-01-31", "2028-02-29", "2000-02-29"],
            &[
                "2027-02-29",
                "1900-02-29",
                "2027-13-01",
                "2027-1-31",
                "2027-01-31T00:00:00Z",
                "31.01.2027",
                "soon",
                "",
            ],
        );
    }

    #[test]
    fn ports_name_their_protocol() {
        check(
            &PORT,
            &["443/TCP", "53/udp", "8000-8080/TCP", "1-65535/SCTP"],
            &[
                "443",
                "0/TCP",
                "65536/TCP",
                "8080-8000/TCP",
                "443/HTTP",
                "+443/TCP",
                "/TCP",
                "https/TCP",
                "443/TCP ",
            ],
        );
        assert_eq!(
            port("8000-8080/TCP"),
            Some(PortRange { protocol: Protocol::Tcp, start: 8000, end: 8080 })
        );
    }

    #[test]
    fn address_blocks_have_no_bits_after_the_prefix() {
        check(
            &CIDR,
            &["10.0.0.0/8", "0.0.0.0/0", "198.51.100.7/32", "2001:db8::/32", "::/0", "::1/128"],
            &[
                "10.0.0.1/8",
                "10.0.0.0",
                "10.0.0.0/33",
                "10.0.0/24",
                "2001:db8::1/64",
                "1.0.0.0/0",
                "a/8",
                "10.0.0.0/-1",
            ],
        );
        check(
            &PEER,
            &["internet", "cde/vault", "cde/*", "10.0.0.0/8", "psp"],
            &["10.0.0.1/8", "10.0.0.1", " x", ""],
        );
    }

    #[test]
    fn names_of_resources() {
        check(
            &WORKLOAD,
            &["cde/vault", "cde/vault[StatefulSet]"],
            &["vault", "cde/vault[]", "cde/", "a/b/c", "Cde/v"],
        );
        check(&SERVICE, &["cde/vault"], &["cde/vault[Service]", "vault"]);
        check(
            &RESOURCE,
            &[
                "AWS::S3::Bucket/Cards",
                "aws_s3_bucket.cards",
                "module.data.aws_s3_bucket.cards[\"a b\"]",
                "cde/x[Secret]",
                "cards[PersistentVolume]",
            ],
            &["Cards", "AWS::S3::Bucket", "AWS::S3::Bucket/", "a..b", "not a name.x"],
        );
        check(&ACCOUNT_ID, &["111122223333"], &["11112222333", "1111-2222-3333", "11112222333a"]);
        check(&ARN, &["arn:aws:iam::111122223333:role/x"], &["arn:aws:iam", "role/x"]);
    }

    #[test]
    fn registries_have_a_host_and_no_scheme() {
        check(
            &REGISTRY,
            &["registry.example.com", "registry.example.com/payments", "localhost:5000", "docker.io/library"],
            &["https://registry.example.com", "nginx", "library/nginx", "", "a.b c"],
        );
    }

    #[test]
    fn capabilities_are_spelled_as_kubernetes_does() {
        check(&CAPABILITY, &["CHOWN", "SYS_PTRACE"], &["CAP_CHOWN", "chown", "", "_X"]);
    }

    #[test]
    fn lengths_of_time() {
        check(
            &RETENTION,
            &["13 months", "1 hour", "180 days after settlement"],
            &["long", "13", "13months", "-1 days", "13 fortnights", "1 day after  "],
        );
        check(&REQUIREMENT, &["3.5.1.1", "A1.1", "12"], &["3.", "", "12.10.x", "B1"]);
    }
}
