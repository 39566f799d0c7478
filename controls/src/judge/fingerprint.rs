//! Stable identities of findings.

use ringfence_model::{Fingerprint, Subject};
use sha2::{Digest, Sha256};

use super::content::hex;

/// A hash of the control, the subject and the path of the element; `twin` tells subjects of one identity
/// apart.
pub(super) fn fingerprint(control: &str, subject: &Subject, element: &str, twin: usize) -> Fingerprint {
    let Subject { kind, account, region, cluster, namespace, name, address, container } = subject;
    let mut hash = Sha256::new();
    let mut add = |part: Option<&str>| {
        // Absent and empty are different, and no part can run into the next one.
        match part {
            Some(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text.as_bytes());
            }
            None => hash.update([0]),
        }
    };
    add(Some(control));
    add(Some(kind));
    for part in [account, region, cluster, namespace] {
        add(part.as_deref());
    }
    add(Some(name));
    add(address.as_deref());
    add(container.as_deref());
    add(Some(element));
    if twin > 0 {
        add(Some(&twin.to_string()));
    }
    Fingerprint(hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let subject = |namespace: &str, name: &str| Subject {
            kind: "Pod".into(),
            account: None,
            region: None,
            cluster: None,
            namespace: Some(namespace.into()),
            name: name.into(),
            address: None,
            container: None,
        };
        let one = fingerprint("WL01", &subject("a", "bc"), "", 0);
        assert_eq!(one.0.len(), 32);
        assert_eq!(one, fingerprint("WL01", &subject("a", "bc"), "", 0));
        for other in [
            fingerprint("WL01", &subject("ab", "c"), "", 0),
            fingerprint("WL02", &subject("a", "bc"), "", 0),
            fingerprint("WL01", &subject("a", "bc"), "x", 0),
            fingerprint("WL01", &subject("a", "bc"), "", 1),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_fingerprint_never_changes() {
        let subject = Subject {
            kind: "Deployment".into(),
            account: None,
            region: None,
            cluster: None,
            namespace: Some("cde".into()),
            name: "vault".into(),
            address: None,
            container: Some("app".into()),
        };
        let known = fingerprint("WL01", &subject, "containers.app", 0);
        assert_eq!(known.0, "a3442f8e402b7d7f926be134c8df403f");
    }
}
