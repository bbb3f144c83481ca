resource "oci_logging_log_group" "byoi" {
  compartment_id = var.compartment_ocid
  display_name   = var.name
  description    = "What the functions of byoi say"
  defined_tags   = local.defined_tags
}

# Of all functions of the application. Nothing secret is in it: docs/INVARIANTS.md, 5.
resource "oci_logging_log" "functions" {
  log_group_id       = oci_logging_log_group.byoi.id
  display_name       = "${var.name}-functions"
  log_type           = "SERVICE"
  is_enabled         = true
  retention_duration = var.log_retention_days
  defined_tags       = local.defined_tags

  configuration {
    compartment_id = var.compartment_ocid

    source {
      source_type = "OCISERVICE"
      service     = "functions"
      category    = "invoke"
      resource    = oci_functions_application.byoi.id
    }
  }
}
