//! Every function, one expression a line: what is written and what it is worth.

use ringfence_cloudformation::{Inputs, Template, read};
use ringfence_model::{Node, Sources};
use ringfence_text::Budget;

use crate::dump::value;

/// The template around an expression.
const AROUND: &str = r#"
Parameters:
  Env: {Type: String, Default: prod}
  Unset: {Type: String}
  Count: {Type: Number, Default: 3}
  Names: {Type: CommaDelimitedList, Default: "a, b,c"}
  None: {Type: CommaDelimitedList, Default: ""}
  Ports: {Type: "List<Number>", Default: "443,8443"}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
  Secret: {Type: String, NoEcho: true, Default: hunter2}
  Image: {Type: "AWS::SSM::Parameter::Value<String>", Default: /images/base}
Mappings:
  Regions:
    eu-west-1: {Image: ami-1, Zones: [a, b], Bad: [!Ref Env]}
    us-east-1: {Image: ami-2}
Conditions:
  Prod: !Equals [!Ref Env, prod]
  Test: !Equals [!Ref Env, test]
  Maybe: !Equals [!Ref Unset, x]
  Loop: !Not [!Condition Loop]
Resources:
  Key: {Type: AWS::KMS::Key}
  Gone: {Type: AWS::KMS::Key, Condition: Test}
"#;

fn evaluate(around: &str, inputs: &Inputs) -> String {
    let mut sources = Sources::default();
    let file = sources.add("t", around);
    let (documents, wrong) = ringfence_text::read(file, around, &Budget::default());
    assert!(wrong.is_empty(), "{wrong:?}\n{around}");
    let templates = documents
        .into_iter()
        .map(|document| Template {
            stack: "s".into(),
            path: "".into(),
            document,
            account: None,
            region: None,
        })
        .collect();
    let (resources, diagnostics) = read(templates, inputs);
    let it = resources.iter().find(|one| one.name == "It").unwrap();
    let node = it.body.entries().iter().find(|entry| &*entry.key == "V").map(|entry| &entry.node);
    let mut out = node.map_or("absent".to_owned(), |node: &Node| value(node));
    diagnostics.iter().for_each(|one| out.push_str(&format!(" | {}", one.code)));
    out
}

fn inputs(known: bool) -> Inputs {
    let text = |text: &str| known.then(|| text.into());
    Inputs { parameters: Vec::new(), account: text("111122223333"), region: text("eu-west-1") }
}

/// What `expression` is worth in account and region that are known.
#[track_caller]
fn check(expression: &str, expected: &str) {
    let around = format!("{AROUND}  It: {{Type: Test::It::Is, Properties: {{V: {expression}}}}}\n");
    assert_eq!(evaluate(&around, &inputs(true)), expected, "{expression}");
}

/// The same without account and region.
#[track_caller]
fn check_unplaced(expression: &str, expected: &str) {
    let around = format!("{AROUND}  It: {{Type: Test::It::Is, Properties: {{V: {expression}}}}}\n");
    assert_eq!(evaluate(&around, &inputs(false)), expected, "{expression}");
}

/// What condition `expression` makes of an `If`.
#[track_caller]
fn check_condition(expression: &str, expected: &str) {
    let conditions = format!("Conditions:\n  C: {expression}\n");
    let around = format!("{AROUND}  It: {{Type: Test::It::Is, Properties: {{V: !If [C, yes, no]}}}}\n")
        .replace("Conditions:\n", &conditions)
        .replace("[C, yes, no]", "[C, 'yes', 'no']");
    assert_eq!(evaluate(&around, &inputs(true)), expected, "{expression}");
}

#[test]
fn plain_values_stay_as_they_are() {
    check("plain", r#""plain""#);
    check("'true'", r#""true""#);
    check("true", "true");
    check("{a: [1, {b: null}]}", "{a: [1, {b: null}]}");
    check("{Condition: Prod}", r#"{Condition: "Prod"}"#);
    check("{Ref: Env, Other: x}", r#"{Ref: "Env", Other: "x"}"#);
}

#[test]
fn references_to_parameters() {
    check("!Ref Env", r#""prod""#);
    check("{Ref: Env}", r#""prod""#);
    check("!Ref Count", "3");
    check("!Ref Names", r#"["a", "b", "c"]"#);
    check("!Ref None", "[]");
    check("!Ref Ports", r#"["443", "8443"]"#.replace('"', "").as_str());
    check("!Ref Unset", "?(parameter `Unset` has no value)");
    check("[!Ref Unset, x]", r#"[?(parameter `Unset` has no value), "x"]"#);
    check("!Ref Subnets", "?(parameter `Subnets` has no value)");
    check("!Ref Image", "?(`AWS::SSM::Parameter::Value<String>` is not evaluated)");
    check("!Ref Secret", "?(`NoEcho parameter Secret` is not evaluated)");
    check("!Sub 'x${Secret}'", "?(`NoEcho parameter Secret` is not evaluated)");
}

#[test]
fn references_to_resources() {
    check("!Ref Key", "?(`Key` is assigned when the resource is created) -> s/Key");
    check("!GetAtt Key.Arn", "?(`Key.Arn` is assigned when the resource is created) -> s/Key.Arn");
    check("{'Fn::GetAtt': [Key, Arn]}", "?(`Key.Arn` is assigned when the resource is created) -> s/Key.Arn");
    check("{'Fn::GetAtt': Key.Arn}", "?(`Key.Arn` is assigned when the resource is created) -> s/Key.Arn");
    check("!GetAtt [Key, !Ref Env]", "?(`Key.prod` is assigned when the resource is created) -> s/Key.prod");
    check("!GetAtt [Key, !Ref Unset]", "?(parameter `Unset` has no value) -> s/Key");
    check(
        "!GetAtt Key.Outputs.A",
        "?(`Key.Outputs.A` is assigned when the resource is created) -> s/Key.Outputs.A",
    );
    check("!Ref Keys", "?(`Keys` does not exist) | undefined-reference");
    check("!GetAtt Keys.Arn", "?(`Keys` does not exist) | undefined-reference");
    check("!GetAtt Env.Arn", "?(`Env` does not exist) | undefined-reference");
    check("!Ref Gone", "?(`Gone` does not exist) | reference-left-out");
}

#[test]
fn pseudo_parameters() {
    check("!Ref AWS::AccountId", r#""111122223333""#);
    check("!Ref AWS::Region", r#""eu-west-1""#);
    check("!Ref AWS::Partition", r#""aws""#);
    check("!Ref AWS::URLSuffix", r#""amazonaws.com""#);
    check("!Ref AWS::StackName", r#""s""#);
    check("!Ref AWS::StackId", "?(`AWS::StackId` is assigned when the resource is created)");
    check("!Ref AWS::NoValue", "absent");
    check("[a, !Ref AWS::NoValue, b]", r#"["a", "b"]"#);
    check("{a: !Ref AWS::NoValue, b: 1}", "{b: 1}");
    check("!Ref AWS::Other", "?(`AWS::Other` does not exist) | undefined-reference");
    check_unplaced("!Ref AWS::AccountId", "?(`AWS::AccountId` is not given)");
    check_unplaced("!Ref AWS::Partition", "?(`AWS::Region` is not given)");
    check_unplaced("!Sub '${AWS::Region}-x'", "?(`AWS::Region` is not given)");
}

#[test]
fn sub() {
    check("!Sub plain", r#""plain""#);
    check("!Sub '${Env}-${Count}'", r#""prod-3""#);
    check("{'Fn::Sub': '${Env}'}", r#""prod""#);
    check(
        "!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x'",
        r#""arn:aws:iam::111122223333:role/x""#,
    );
    check("!Sub '${!Env} ${Env}'", r#""${Env} prod""#);
    check("!Sub ['${A}-${Env}', {A: !Join [x, [1, 2]]}]", r#""1x2-prod""#);
    check("!Sub ['${Env}', {Env: other}]", r#""other""#);
    check("!Sub ['${A}', {A: !Ref Unset}]", "?(parameter `Unset` has no value)");
    check("!Sub '${Unset}/${Count}'", "?(parameter `Unset` has no value)");
    check("!Sub '${Key.Arn}/*'", "?(`Key.Arn` is assigned when the resource is created) -> s/Key.Arn");
    check("!Sub '${Unset}${Key}'", "?(`Key` is assigned when the resource is created) -> s/Key");
    check("!Sub '${Nothing}'", "?(`Nothing` does not exist) | undefined-reference");
    check("!Sub '${Names}'", "?(argument of `Fn::Sub` cannot be read) | malformed-function");
    check("!Sub '${AWS::NoValue}'", "?(argument of `Fn::Sub` cannot be read) | malformed-function");
    check("!Sub ['${A}']", "?(argument of `Fn::Sub` cannot be read) | malformed-function");
    check("!Sub [!Ref Env, {}]", "?(argument of `Fn::Sub` cannot be read) | malformed-function");
}

#[test]
fn join_select_split_length() {
    check("!Join ['-', [a, !Ref Env, 3, true]]", r#""a-prod-3-true""#);
    check("!Join [',', !Ref Names]", r#""a,b,c""#);
    check("!Join ['', [a, !Ref AWS::NoValue, b]]", r#""ab""#);
    check("!Join ['', [a, !Ref Unset]]", "?(parameter `Unset` has no value)");
    check("!Join ['', a]", "?(argument of `Fn::Join` cannot be read) | malformed-function");
    check("!Join ['', [[a]]]", "?(argument of `Fn::Join` cannot be read) | malformed-function");
    check("!Select [1, [a, b]]", r#""b""#);
    check("!Select ['0', !Ref Names]", r#""a""#);
    check("!Select [0, [!Ref Unset, b]]", "?(parameter `Unset` has no value)");
    check("!Select [1, [!Ref Unset, b]]", r#""b""#);
    check("!Select [2, [a, b]]", "?(`item 2` does not exist) | no-such-item");
    check("!Select [-1, [a, b]]", "?(argument of `Fn::Select` cannot be read) | malformed-function");
    check("!Select [!Ref Key, [a, b]]", "?(`Key` is assigned when the resource is created)");
    check("!Select [0, !GetAZs '']", "?(`Fn::GetAZs` is not evaluated)");
    check("!Select [0, !Ref Subnets]", "?(parameter `Subnets` has no value)");
    check("!Split ['/', 'a/b']", r#"["a", "b"]"#);
    check("!Select [1, !Split ['/', !Sub 'x/${Env}']]", r#""prod""#);
    check("!Split ['', 'a/b']", "?(argument of `Fn::Split` cannot be read) | malformed-function");
    check("{'Fn::Length': !Ref Names}", "3");
    check("{'Fn::Length': !Ref Subnets}", "?(parameter `Subnets` has no value)");
    check("{'Fn::Length': x}", "?(argument of `Fn::Length` cannot be read) | malformed-function");
}

#[test]
fn find_in_map() {
    check("!FindInMap [Regions, !Ref AWS::Region, Image]", r#""ami-1""#);
    check("!FindInMap [Regions, eu-west-1, Zones]", r#"["a", "b"]"#);
    check_unplaced("!FindInMap [Regions, !Ref AWS::Region, Image]", "?(`AWS::Region` is not given)");
    check(
        "!FindInMap [Regions, eu-west-1, Imag]",
        "?(`Regions.eu-west-1.Imag` does not exist) | no-such-mapping",
    );
    check("!FindInMap [Region, a, b]", "?(`Region` does not exist) | no-such-mapping");
    check("!FindInMap [Regions, ap-1, Image, {DefaultValue: !Ref Env}]", r#""prod""#);
    check("!FindInMap [Regions, eu-west-1, Image, {DefaultValue: x}]", r#""ami-1""#);
    check("!FindInMap [Regions, !Ref Unset, Image, {DefaultValue: x}]", "?(parameter `Unset` has no value)");
    check("!FindInMap [Regions, eu-west-1, Bad]", "[?(`!Ref` is not evaluated)] | function-in-mapping");
    check("!FindInMap [Regions, !Ref Key, a]", "?(`Key` is assigned when the resource is created)");
    check("!FindInMap [Regions, a]", "?(argument of `Fn::FindInMap` cannot be read) | malformed-function");
}

#[test]
fn choices() {
    check("!If [Prod, a, b]", r#""a""#);
    check("!If [Test, a, b]", r#""b""#);
    check("!If [Maybe, a, b]", "?(parameter `Unset` has no value)");
    check("!If [Maybe, a, a]", r#""a""#);
    check("!If [Test, a, !Ref AWS::NoValue]", "absent");
    check("!If [Maybe, a, !Ref AWS::NoValue]", "?(parameter `Unset` has no value)");
    check("!If [Test, !Ref Gone, !Ref Env]", r#""prod""#);
    check("!If [Maybe, !Ref Gone, !Ref Env]", "?(parameter `Unset` has no value)");
    check("[!If [Prod, {a: !Ref Env}, b]]", r#"[{a: "prod"}]"#);
    check("!If [Prd, a, b]", "?(`Prd` does not exist) | undefined-condition");
    check("!If [Loop, a, b]", "?(`Loop` refers to itself) | condition-cycle");
    check("!If [!Equals [a, a], x, y]", r#""x""#);
    check("!Equals [!Ref Env, prod]", "true");
    check("!Equals [!Ref Key, prod]", "?(`Key` is assigned when the resource is created)");
    check("!If [Prod, a]", "?(argument of `Fn::If` cannot be read) | malformed-function");
}

#[test]
fn conditions_are_three_valued() {
    check_condition("!And [!Condition Prod, !Condition Maybe]", "?(parameter `Unset` has no value)");
    check_condition("!And [!Condition Maybe, !Condition Test]", r#""no""#);
    check_condition("!Or [!Condition Maybe, !Condition Prod]", r#""yes""#);
    check_condition("!Or [!Condition Maybe, !Condition Test]", "?(parameter `Unset` has no value)");
    check_condition("!Not [!Condition Test]", r#""yes""#);
    check_condition("!Not [!Condition Maybe]", "?(parameter `Unset` has no value)");
    check_condition("{'Fn::And': [{Condition: Prod}, {'Fn::Equals': [{Ref: Env}, prod]}]}", r#""yes""#);
    check_condition("!Condition Test", r#""no""#);
    check_condition("!Equals [!Ref Count, '3']", r#""yes""#);
    check_condition("!Equals [!Ref Names, [a, b, c]]", r#""yes""#);
    check_condition("!Equals [[a, !Ref Unset], [b, c]]", r#""no""#);
    check_condition("!Equals [!Ref Secret, hunter2]", r#""yes""#);
    check_condition("!Equals [!Ref Image, x]", "?(`AWS::SSM::Parameter::Value<String>` is not evaluated)");
    check_condition("!Equals ['{{resolve:ssm:a}}', x]", "?(`{{resolve:ssm:…}}` is not evaluated)");
}

#[test]
fn a_spelling_that_was_lost_stays_unknown() {
    check_condition("!Equals [true, 'true']", r#""yes""#);
    check_condition("!Equals [yes, 'yes']", "?(spelling of an operand of `Fn::Equals` cannot be read)");
    check_condition("!Equals [1.10, '1.10']", "?(spelling of an operand of `Fn::Equals` cannot be read)");
    check_condition("!Equals [yes, 'no']", r#""no""#);
    check_condition("!Equals ['yes', 'Yes']", r#""no""#);
}

#[test]
fn ugly_conditions() {
    check_condition("!Equals [a]", "?(argument of `Condition` cannot be read) | malformed-function");
    check_condition("!Not []", "?(argument of `Condition` cannot be read) | malformed-function");
    check_condition("Prod", "?(argument of `Condition` cannot be read) | malformed-function");
    check_condition("!Condition [Prod]", "?(argument of `Condition` cannot be read) | malformed-function");
    check_condition("!Equals [!Ref AWS::NoValue, a]", "?(AWS::NoValue cannot be read) | malformed-function");
    check_condition("!Condition C", "?(`C` refers to itself) | condition-cycle");
    check_condition(
        "!FindInMap [Regions, eu-west-1, Image]",
        "?(argument of `Condition` cannot be read) | malformed-function",
    );
}

#[test]
fn encodings_and_blocks() {
    check("!Base64 foo", r#""Zm9v""#);
    check("!Base64 {'Fn::Sub': '${Unset}'}", "?(parameter `Unset` has no value)");
    check("!Select [1, !Cidr [10.0.0.0/16, 2, 8]]", r#""10.0.1.0/24""#);
    check(
        "!Cidr [!GetAtt Key.CidrBlock, 2, 8]",
        "?(`Key.CidrBlock` is assigned when the resource is created) -> s/Key.CidrBlock",
    );
    check("!Cidr [10.0.0.0/16, 2]", "?(argument of `Fn::Cidr` cannot be read) | malformed-function");
    check("{'Fn::ToJsonString': {a: [1, x, null, !Ref Env]}}", r#""{\"a\":[1,\"x\",null,\"prod\"]}""#);
    check(
        "{'Fn::ToJsonString': {a: !Ref Key}}",
        "?(`Key` is assigned when the resource is created) -> s/Key",
    );
    check(
        "{'Fn::ToJsonString': \"a\"}",
        "?(argument of `Fn::ToJsonString` cannot be read) | malformed-function",
    );
}

#[test]
fn what_only_aws_can_follow() {
    check(
        "'{{resolve:secretsmanager:db:SecretString:password}}'",
        "?(`{{resolve:secretsmanager:…}}` is not evaluated)",
    );
    check("!Sub 'x{{resolve:ssm:/${Env}}}'", "?(`{{resolve:ssm:…}}` is not evaluated)");
    check(
        "!Sub '{{resolve:secretsmanager:${Key}}}'",
        "?(`{{resolve:secretsmanager:…}}` is not evaluated) -> s/Key",
    );
    check("!ImportValue vpc", "?(export `vpc` is not in the input)");
    check("!ImportValue {'Fn::Sub': '${Env}-vpc'}", "?(export `prod-vpc` is not in the input)");
    check("!ImportValue {'Fn::Sub': '${Unset}-vpc'}", "?(parameter `Unset` has no value)");
    check(
        "{'Fn::Transform': {Name: AWS::Include, Parameters: {}}}",
        "?(`AWS::Include` is not evaluated) | transform-not-run",
    );
    check(
        "{a: 1, 'Fn::Transform': {Name: AWS::Include}}",
        "?(`Fn::Transform` is not evaluated) | transform-not-run",
    );
}

#[test]
fn what_is_no_function() {
    check("!Ref", "?(argument of `Ref` cannot be read) | malformed-function");
    check("!Ref [Env]", "?(argument of `Ref` cannot be read) | malformed-function");
    check("!GetAtt Key", "?(argument of `Fn::GetAtt` cannot be read) | malformed-function");
    check("!GetAt Key.Arn", "?(`!GetAt` is not evaluated) | unknown-function");
    check("{'Fn::Joined': [a]}", "?(`Fn::Joined` is not evaluated) | unknown-function");
    check("{'Fn::Sub': a, b: c}", "?(`Fn::Sub` is not evaluated) | malformed-function");
}

#[test]
fn loops_in_properties() {
    check(
        "{'Fn::ForEach::L': [X, [a, b-1], {'K&{X}': '${X}', 'R${X}': !Ref X}]}",
        r#"{Ka: "a", Ra: "a", Kb1: "b-1", Rb-1: "b-1"}"#,
    );
    check(
        "{'Fn::ForEach::L': [X, !Ref Names, {'${X}': !Sub '${Env}-${X}'}], z: 1}",
        r#"{a: "prod-a", b: "prod-b", c: "prod-c", z: 1}"#,
    );
    check(
        "{'Fn::ForEach::L': [X, [a, b], {'Fn::ForEach::M': [Z, ['1', '2'], {'${X}${Z}': ok}]}]}",
        r#"{a1: "ok", a2: "ok", b1: "ok", b2: "ok"}"#,
    );
    check("{'Fn::ForEach::L': [X, !Ref Subnets, {'${X}': 1}]}", "?(parameter `Subnets` has no value)");
    check("{'Fn::ForEach::L': [X, [a, !Ref Unset], {'${X}': 1}]}", "?(parameter `Unset` has no value)");
    check("{'Fn::ForEach::L': [X, [a, b], {same: '${X}'}]}", r#"{same: "a"} | duplicate-key"#);
    check("{'Fn::ForEach::L': [X, [!Ref X], {'${X}': 1}]}", "?(`X` does not exist) | undefined-reference");
    check("{'Fn::ForEach::L': [X, a]}", "?(argument of `Fn::ForEach` cannot be read) | malformed-function");
    check(
        "{'Fn::ForEach::L': [X, [[a]], {'${X}': 1}]}",
        "?(argument of `Fn::ForEach` cannot be read) | malformed-function",
    );
}
