//! CloudFormation templates into resources.
