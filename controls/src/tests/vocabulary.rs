//! Every function of our own: what it says, and what keeps it from saying anything.

use ringfence_model::declaration::{
    Account, Administrator, AdministratorKind, Declaration, EntryPoint, Located,
};
use ringfence_model::fact::{PortRange, Protocol};

use super::build::{Json, holds, json};

/// `Ok` with the answer, or a part of what is missing.
type Expected = Result<bool, &'static str>;

#[track_caller]
fn check(source: &str, objects: &[Json], declaration: &Declaration, expected: Expected) {
    match (holds(source, objects, declaration), expected) {
        (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{source} {objects:?}"),
        (Err(why), Err(part)) if why.iter().any(|one| one.contains(part)) => {}
        (found, wanted) => panic!("{source} {objects:?}: {found:?}, and not {wanted:?}"),
    }
}

fn aws(kind: &str, name: &str, properties: Json) -> Json {
    json!({"Type": kind, "Name": name, "Properties": properties})
}

#[track_caller]
fn of_value(source: &str, value: Json, expected: Expected) {
    let object = aws("AWS::Test::Thing", "thing", json!({"x": value}));
    check(source, &[object], &Declaration::default(), expected);
}

#[test]
fn flags_may_be_texts() {
    for (value, expected) in [
        (json!(true), Ok(true)),
        (json!("true"), Ok(true)),
        (json!("False"), Ok(false)),
        (json!("yes"), Err("`x` is a text, and not true or false")),
        (json!(1), Err("`x` is a number, and not true or false")),
        (json!({"$unresolved": "P"}), Err("parameter `P` has no value")),
    ] {
        of_value("flag(object.x)", value, expected);
    }
}

#[test]
fn ranges_may_be_unreadable() {
    of_value("cidr_is_world(object.x)", json!("::/0"), Ok(true));
    of_value("cidr_is_world(object.x)", json!("10.0.0.0/8"), Ok(false));
    of_value("cidr_is_world(object.x)", json!("the-bank"), Err("`x` is a text, and not an address range"));
    of_value("cidr_is_world(object.x)", json!({"$ref": "Source"}), Err("`Source` is assigned"));
}

#[test]
fn images_name_registries() {
    of_value("image_registry(object.x) == ''", json!("busybox"), Ok(true));
    of_value("image_registry(object.x) == 'r.example.com'", json!("r.example.com/a"), Ok(true));
    of_value("image_registry(object.x) == ''", json!(7), Err("`x` is a number, and not a text"));
}

#[test]
fn keys_are_known_by_name_or_reference() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let listed = Declaration {
        accounts: Some(vec![Account {
            id: Located::new("111122223333".into(), None),
            name: None,
            class: None,
        }]),
        ..Declaration::default()
    };
    let others = Declaration { accounts: Some(Vec::new()), ..Declaration::default() };
    let none = Declaration::default();
    let estate = |value: Json| {
        [
            aws("AWS::Test::Thing", "thing", json!({"x": value})),
            aws("AWS::KMS::Key", "Vault", json!({})),
            aws("AWS::KMS::Alias", "Own", json!({"AliasName": "alias/vault"})),
            aws("AWS::KMS::Alias", "Managed", json!({"AliasName": "alias/aws/rds"})),
            aws("AWS::KMS::Alias", "Unclear", json!({"AliasName": {"$unresolved": "Alias"}})),
            aws("AWS::S3::Bucket", "Bucket", json!({})),
        ]
    };
    for (value, declaration, expected) in [
        (json!("alias/vault"), &none, Ok(true)),
        (json!("alias/aws/ebs"), &none, Ok(false)),
        (json!(key), &none, Err("`ringfence.yaml` does not list `accounts`")),
        (json!(key), &listed, Ok(true)),
        (json!(key), &others, Ok(false)),
        (json!({"$ref": "Vault"}), &none, Ok(true)),
        (json!({"$ref": "Own"}), &none, Ok(true)),
        (json!({"$ref": "Managed"}), &none, Ok(false)),
        (json!({"$ref": "Unclear"}), &none, Err("parameter `Alias` has no value")),
        (json!({"$ref": "Bucket"}), &none, Err("`Bucket` is assigned")),
        (json!({"$ref": "Elsewhere"}), &none, Err("`Elsewhere` is assigned")),
        (json!({"$unresolved": "Key"}), &none, Err("parameter `Key` has no value")),
        (json!("what"), &none, Err("not the name of a key")),
    ] {
        check("customer_key(object.x)", &estate(value), declaration, expected);
    }
}

#[test]
fn a_key_of_the_estate_is_known_by_its_arn() {
    let arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let objects = [
        aws("AWS::Test::Thing", "thing", json!({"x": arn})),
        aws("AWS::KMS::Key", "Vault", json!({"Arn": arn})),
    ];
    check("customer_key(object.x)", &objects, &Declaration::default(), Ok(true));
}

#[test]
fn rules_cover_ports() {
    let rule = |protocol: Json, from: Json, to: Json| json!({"IpProtocol": protocol, "FromPort": from, "ToPort": to});
    for (rule, expected) in [
        (rule(json!("tcp"), json!(22), json!(22)), Ok(true)),
        (rule(json!("TCP"), json!("20"), json!("30")), Ok(true)),
        (rule(json!(6), json!(0), json!(65535)), Ok(true)),
        (rule(json!("17"), json!(-1), json!(-1)), Ok(true)),
        (rule(json!("tcp"), json!(23), json!(80)), Ok(false)),
        (rule(json!("icmp"), json!(-1), json!(-1)), Ok(false)),
        (json!({"IpProtocol": -1}), Ok(true)),
        (json!({"IpProtocol": "-1", "FromPort": 443, "ToPort": 443}), Ok(true)),
        (json!({"Protocol": 6, "PortRange": {"From": 1, "To": 1024}}), Ok(true)),
        (json!({"Protocol": "6", "PortRange": {"From": 80, "To": 80}}), Ok(false)),
        (rule(json!("esp"), json!(-1), json!(-1)), Ok(false)),
        (rule(json!(50), json!(-1), json!(-1)), Ok(false)),
        (rule(json!("06"), json!(22), json!(22)), Ok(true)),
        (rule(json!("tpc"), json!(22), json!(22)), Err("`tpc` is not a protocol")),
        (rule(json!(256), json!(22), json!(22)), Err("`256` is not a protocol")),
        (rule(json!("tcp"), json!(443), json!(22)), Err("443 to 22 is no range of ports")),
        (rule(json!("tcp"), json!(22), json!(70000)), Err("22 to 70000 is no range of ports")),
        (rule(json!("tcp"), json!(-5), json!(22)), Err("-5 to 22 is no range of ports")),
        (json!({"IpProtocol": "tcp"}), Err("`FromPort` is not set")),
        (rule(json!("tcp"), json!("ssh"), json!(22)), Err("`FromPort` is not a port")),
        (rule(json!({"$unresolved": "Protocol"}), json!(22), json!(22)), Err("parameter `Protocol`")),
        (rule(json!("tcp"), json!({"$unresolved": "Port"}), json!(22)), Err("parameter `Port`")),
        (json!({"FromPort": 22, "ToPort": 22}), Err("the rule names no protocol")),
    ] {
        of_value("rule_admits(object.x, 22)", rule, expected);
    }
}

#[test]
fn entries_of_access_lists_allow_or_deny() {
    for (action, expected) in [
        (json!("allow"), Ok(true)),
        (json!("ALLOW"), Ok(true)),
        (json!("deny"), Ok(false)),
        (json!("alow"), Err("neither `allow` nor `deny`")),
        (json!(true), Err("neither `allow` nor `deny`")),
        (json!({"$unresolved": "Action"}), Err("parameter `Action`")),
        (json!(null), Ok(true)),
    ] {
        of_value("rule_allows(object.x)", json!({"RuleAction": action}), expected);
    }
    let rules = |outer: &str, inner: &str| {
        let rule = |protocol: &str| json!({"Protocol": protocol, "PortRange": {"From": 22, "To": 22}});
        json!([rule(outer), rule(inner)])
    };
    for (outer, inner, expected) in
        [("6", "6", true), ("17", "6", false), ("6", "-1", false), ("-1", "6", true)]
    {
        of_value("rule_holds(object.x[0], object.x[1], 22)", rules(outer, inner), Ok(expected));
    }
}

#[test]
fn ranges_are_the_world_together() {
    for (ranges, expected) in [
        (json!([]), Ok(false)),
        (json!(["203.0.113.0/24", "10.0.0.0/8"]), Ok(false)),
        (json!(["64.0.0.0/9", "64.128.0.0/9", "65.0.0.0/8"]), Ok(true)),
        (json!([{"$unresolved": "Office"}, "0.0.0.0/0"]), Ok(true)),
        (json!([{"$unresolved": "Office"}, "10.0.0.0/8"]), Err("parameter `Office`")),
        (json!(["office"]), Err("one of the values is not an address range")),
        (json!(7), Err("`x` is a number, and not an address range")),
    ] {
        of_value("cidr_is_world(object.x)", ranges, expected);
    }
    for (outer, inner, expected) in [
        ("0.0.0.0/0", "0.0.0.0/0", Ok(true)),
        ("0.0.0.0/0", "10.0.0.0/8", Ok(true)),
        ("0.0.0.0/1", "0.0.0.0/0", Ok(false)),
        ("::/0", "10.0.0.0/8", Ok(false)),
        ("::/0", "all", Err("`x[1]` is a text, and not an address range")),
    ] {
        of_value("cidr_holds(object.x[0], object.x[1])", json!([outer, inner]), expected);
    }
}

#[test]
fn prefix_lists_are_known_by_their_entries() {
    let list = |entries: Json| aws("AWS::EC2::PrefixList", "List", json!({"Entries": entries}));
    let none = Err("the entries of prefix list `List` are not in the input");
    for (value, entries, expected) in [
        (json!({"$ref": "List"}), json!([{"Cidr": "203.0.113.0/24"}]), Ok(false)),
        (json!({"$ref": "List"}), json!([{"Cidr": "203.0.113.0/24"}, {"Cidr": "::/0"}]), Ok(true)),
        (json!({"$ref": "List"}), json!([{"Cidr": {"$unresolved": "Office"}}]), Err("parameter `Office`")),
        (json!({"$ref": "List"}), json!([{"Description": "office"}]), Err("is not an address range")),
        (json!({"$ref": "List"}), json!([]), none),
        (json!({"$ref": "List"}), json!(null), none),
        (json!({"$ref": "Elsewhere"}), json!([]), Err("`Elsewhere` is assigned")),
        (
            json!("pl-0a1b2c3d"),
            json!([]),
            Err("the entries of prefix list `pl-0a1b2c3d` are not in the input"),
        ),
        (json!("com.amazonaws.eu-west-1.s3"), json!([]), Ok(false)),
    ] {
        let objects = [aws("AWS::Test::Thing", "thing", json!({"x": value})), list(entries)];
        check("prefix_list_is_world(object.x)", &objects, &Declaration::default(), expected);
    }
}

#[test]
fn administrators_are_of_a_kind() {
    let one = |kind, name: &str| Administrator { kind, name: Located::new(name.into(), None) };
    let listed = Declaration {
        administrators: Some(vec![one(Some(AdministratorKind::User), "alice"), one(None, "operators")]),
        ..Declaration::default()
    };
    let nobody = Declaration { administrators: Some(Vec::new()), ..Declaration::default() };
    for (kind, name, declaration, expected) in [
        (json!("User"), json!("alice"), &listed, Ok(true)),
        (json!("Group"), json!("alice"), &listed, Ok(false)),
        (json!("ServiceAccount"), json!("alice"), &listed, Ok(false)),
        (json!("ARN"), json!("alice"), &listed, Ok(false)),
        (json!("Group"), json!("operators"), &listed, Ok(true)),
        (json!("User"), json!("operators"), &listed, Ok(true)),
        (json!("user"), json!("alice"), &listed, Err("not the kind of a subject")),
        (json!("User"), json!({"$unresolved": "Name"}), &listed, Err("parameter `Name`")),
        (json!("User"), json!({"$unresolved": "Name"}), &nobody, Ok(false)),
        (json!("User"), json!("alice"), &Declaration::default(), Err("does not list `administrators`")),
    ] {
        let objects = [aws("AWS::Test::Thing", "thing", json!({"kind": kind, "name": name}))];
        check("administrator(object.kind, object.name)", &objects, declaration, expected);
    }
}

#[test]
fn containers_are_ephemeral_by_their_place() {
    let both = pod(
        json!({"containers": [{"name": "app"}], "ephemeralContainers": [{"name": "app"}, {"name": "debug"}]}),
    );
    for (source, expected) in [
        ("is_ephemeral(pod.containers[0])", Ok(false)),
        ("is_ephemeral(pod.ephemeralContainers[0])", Ok(true)),
        ("is_ephemeral(pod.ephemeralContainers[1])", Ok(true)),
        ("is_ephemeral('app')", Err("not a container")),
    ] {
        check(source, std::slice::from_ref(&both), &Declaration::default(), expected);
    }
    of_value("quantity(object.x) > 0", json!("500m"), Ok(true));
    of_value("quantity(object.x) > 0", json!(0), Ok(false));
    of_value("quantity(object.x) > 0", json!({}), Err("`x` is a map, and not a quantity"));
    of_value("quantity(object.x) > 0", json!({"$unresolved": "Limit"}), Err("parameter `Limit`"));
}

fn entry(resource: &str, ports: &[(u16, u16)]) -> EntryPoint {
    let range = |(start, end): &(u16, u16)| {
        Located::new(PortRange { protocol: Protocol::Tcp, start: *start, end: *end }, None)
    };
    EntryPoint {
        resource: Located::new(resource.into(), None),
        ports: ports.iter().map(range).collect(),
        purpose: None,
        approver: None,
        review: None,
    }
}

#[test]
fn an_entry_is_declared_with_its_ports() {
    let world = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 444, "CidrIp": "0.0.0.0/0"});
    let group = aws("AWS::EC2::SecurityGroup", "Group", json!({"SecurityGroupIngress": [world]}));
    let carrier = |name: &str| {
        let groups = json!({"SecurityGroups": [{"$ref": "Group"}]});
        aws("AWS::ElasticLoadBalancingV2::LoadBalancer", name, groups)
    };
    let source = "declared_entry(object.SecurityGroupIngress[0])";
    let check = |points: Option<Vec<EntryPoint>>, carriers: &[&str], expected: Expected| {
        let declaration = Declaration { entry_points: points, ..Declaration::default() };
        let objects: Vec<Json> =
            [group.clone()].into_iter().chain(carriers.iter().map(|name| carrier(name))).collect();
        check(source, &objects, &declaration, expected);
    };
    let on_group = |ports: &[(u16, u16)]| Some(vec![entry("AWS::EC2::SecurityGroup/Group", ports)]);
    check(None, &[], Err("does not list `entry-points`"));
    check(Some(Vec::new()), &[], Ok(false));
    check(on_group(&[(443, 444)]), &[], Ok(true));
    check(on_group(&[(443, 443), (444, 444)]), &[], Ok(true));
    check(on_group(&[(443, 443)]), &[], Ok(false));
    check(on_group(&[]), &[], Ok(false));
    let on_shop = || Some(vec![entry("AWS::ElasticLoadBalancingV2::LoadBalancer/Shop", &[(443, 444)])]);
    check(on_shop(), &["Shop"], Ok(true));
    check(on_shop(), &["Shop", "Other"], Ok(false));
    check(on_shop(), &[], Ok(false));
}

#[test]
fn a_rule_apart_from_its_group_is_declared_by_the_groups_id() {
    let rule = |group: Json| {
        let rule = json!({"GroupId": group, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443});
        aws("AWS::EC2::SecurityGroupIngress", "Rule", rule)
    };
    let declaration = Declaration {
        entry_points: Some(vec![entry("AWS::EC2::SecurityGroup/sg-1", &[(443, 443)])]),
        ..Declaration::default()
    };
    check("declared_entry(object)", &[rule(json!("sg-1"))], &declaration, Ok(true));
    let why = Err("security group `sg-2` is not in the input");
    check("declared_entry(object)", &[rule(json!("sg-2"))], &declaration, why);
    let icmp =
        aws("AWS::EC2::SecurityGroupIngress", "Rule", json!({"GroupId": "sg-1", "IpProtocol": "icmp"}));
    check("declared_entry(object)", &[icmp], &declaration, Ok(false));
}

fn pod(spec: Json) -> Json {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "vault", "namespace": "cde"}, "spec": spec})
}

fn object(api: &str, kind: &str, name: &str, rest: Json) -> Json {
    let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "cde"}});
    for (key, value) in rest.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

#[test]
fn a_pod_runs_as_an_account() {
    let account = |mounts: bool| {
        object("v1", "ServiceAccount", "vault", json!({"automountServiceAccountToken": mounts}))
    };
    let named = || pod(json!({"serviceAccountName": "vault", "containers": [{"name": "app"}]}));
    let source = "has(service_account(pod).automountServiceAccountToken) \
                  && service_account(pod).automountServiceAccountToken";
    for (objects, expected) in [
        (vec![named(), account(true)], Ok(true)),
        (vec![named(), account(false)], Ok(false)),
        (vec![named()], Err("ServiceAccount `cde/vault` is not in the input")),
        (vec![named(), account(true), account(false)], Err("is defined more than once")),
        (vec![pod(json!({"serviceAccount": "vault"})), account(true)], Ok(true)),
        (vec![pod(json!({}))], Ok(false)),
        (vec![pod(json!({"serviceAccountName": 7}))], Err("`serviceAccountName` is not a text")),
        (vec![pod(json!({"serviceAccountName": {"$unresolved": "Name"}}))], Err("parameter `Name`")),
    ] {
        check(source, &objects, &Declaration::default(), expected);
    }
}

#[test]
fn a_secret_has_a_source() {
    let external = |name: &str, target: Json| {
        object("external-secrets.io/v1", "ExternalSecret", name, json!({"spec": {"target": target}}))
    };
    let provider = object(
        "secrets-store.csi.x-k8s.io/v1",
        "SecretProviderClass",
        "vault",
        json!({"spec": {"secretObjects": [{"secretName": "keys"}]}}),
    );
    let secret = || object("v1", "Secret", "keys", json!({}));
    let everywhere = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ClusterExternalSecret", "metadata": {"name": "keys"},
        "spec": {"namespaces": ["cde"], "externalSecretName": "keys"}
    });
    let is = |what: &str| format!("secret_source('keys') == '{what}'");
    let all = |others: Vec<Json>| [vec![pod(json!({}))], others].concat();
    let none = Declaration::default();
    check(&is("external"), &all(vec![external("x", json!({"name": "keys"}))]), &none, Ok(true));
    check(&is("external"), &all(vec![external("keys", json!({})), secret()]), &none, Ok(true));
    check(&is("external"), &all(vec![provider]), &none, Ok(true));
    check(&is("external"), &all(vec![everywhere]), &none, Ok(true));
    check(&is("manifest"), &all(vec![secret()]), &none, Ok(true));
    check(
        &is("external"),
        &all(vec![external("x", json!({"name": "other"}))]),
        &none,
        Err("is not in the input"),
    );
    let unclear = external("x", json!({"name": {"$unresolved": "Target"}}));
    check(&is("external"), &all(vec![unclear, secret()]), &none, Err("parameter `Target`"));
}

#[test]
fn a_statement_may_allow_anyone() {
    let statement = |principal: Json, condition: Json| json!({"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*", "Condition": condition});
    let open = |condition: Json| statement(json!("*"), condition);
    for (statement, expected) in [
        (open(json!(null)), Ok(true)),
        (statement(json!({"AWS": "*"}), json!(null)), Ok(true)),
        (statement(json!({"AWS": ["arn:aws:iam::111122223333:root", "*"]}), json!(null)), Ok(true)),
        (statement(json!({"AWS": "arn:aws:iam::111122223333:root"}), json!(null)), Ok(false)),
        (statement(json!({"Service": "cloudtrail.amazonaws.com"}), json!(null)), Ok(false)),
        (json!({"Effect": "Deny", "Principal": "*"}), Ok(false)),
        (json!({"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}}), Ok(true)),
        (open(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})), Ok(false)),
        (open(json!({"StringEquals": {"AWS:sourcevpce": ["vpce-1", "vpce-2"]}})), Ok(false)),
        (open(json!({"StringLike": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5", "*"]}})), Ok(true)),
        (open(json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})), Ok(true)),
        (open(json!({"Bool": {"aws:SecureTransport": "true"}})), Ok(true)),
        (open(json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})), Ok(false)),
        (open(json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0"]}})), Ok(true)),
        (open(json!({"StringEquals": {"aws:SourceVpce": {"$ref": "Endpoint"}}})), Ok(false)),
        (
            open(json!({"StringEquals": {"aws:SourceVpce": {"$unresolved": "Endpoint"}}})),
            Err("parameter `Endpoint`"),
        ),
        (open(json!({"$unresolved": "Condition"})), Err("parameter `Condition`")),
        (statement(json!({"$unresolved": "Who"}), json!(null)), Err("parameter `Who`")),
        (statement(json!({"AWS": [{"$unresolved": "Who"}, "*"]}), json!(null)), Ok(true)),
        (json!({"Effect": {"$unresolved": "Effect"}, "Principal": {"AWS": "111122223333"}}), Ok(false)),
        (json!({"Effect": "Allow", "Action": "*"}), Err("the statement names no principal")),
        (json!({"Principal": "*"}), Err("the statement has no effect")),
        (json!({"Effect": "allow", "Principal": "*"}), Err("neither `Allow` nor `Deny`")),
        (statement(json!("arn:aws:iam::*"), json!(null)), Ok(true)),
        (statement(json!("111122223333"), json!(null)), Err("neither `*` nor one with a type")),
        (statement(json!({}), json!(null)), Err("a value of the statement is not a text")),
        (statement(json!({"AWS": "arn:aws:iam::*:root"}), json!(null)), Ok(true)),
        (
            statement(json!({"AWS": "arn:aws:iam::111122223333:role/*"}), json!(null)),
            Err("a wildcard within it"),
        ),
        (statement(json!({"Federated": "*"}), json!(null)), Ok(true)),
        (open(json!({"StringLike": {"aws:SourceIp": "*"}})), Ok(true)),
        (open(json!({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})), Ok(true)),
        (open(json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/16"}})), Ok(true)),
        (open(json!({"StringLike": {"aws:userid": "A*"}})), Ok(true)),
        (open(json!({"StringLike": {"aws:userid": "AROAEXAMPLE:*"}})), Ok(false)),
        (open(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*"}})), Ok(true)),
        (open(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}})), Ok(false)),
        (json!("Allow"), Err("not a statement")),
    ] {
        of_value("allows_anyone(object.x)", statement, expected);
    }
}

#[test]
fn the_declaration_is_asked_by_key() {
    let declaration = Declaration {
        registries: Some(vec![Located::new("registry.example.com".into(), None)]),
        ..Declaration::default()
    };
    for (source, expected) in [
        ("'registry.example.com' in declaration.registries", Ok(true)),
        ("'other.example.com' in declaration.registries", Ok(false)),
        ("declaration.registries.exists(r, r.endsWith('example.com'))", Ok(true)),
        ("size(declaration.registries) == 1", Ok(true)),
        ("has(declaration.registries) && 'registries' in declaration", Ok(true)),
        ("'system-agents' in declaration", Ok(false)),
        ("'a' in declaration['system-agents']", Err("does not list `system-agents`")),
        ("declaration.administrators.exists(a, true)", Err("does not list `administrators`")),
        ("false && 'a' in declaration.administrators", Ok(false)),
    ] {
        check(source, &[aws("AWS::Test::Thing", "thing", json!({}))], &declaration, expected);
    }
}
