//! Terraform plans into resources.
