data "oci_objectstorage_namespace" "tenancy" {
  compartment_id = var.tenancy_ocid
}

locals {
  namespace     = data.oci_objectstorage_namespace.tenancy.namespace
  drop_bucket   = "${var.name}-drop"
  ledger_bucket = "${var.name}-ledger"
  # Of the same name in each region.
  export_bucket = "${var.name}-export"
  copy_bucket   = "${var.name}-copies"
}

resource "oci_objectstorage_bucket" "drop" {
  compartment_id        = var.compartment_ocid
  namespace             = local.namespace
  name                  = local.drop_bucket
  access_type           = "NoPublicAccess"
  object_events_enabled = true
}

# No events: the functions write here with every step. No versions: each of these writes would be kept, and paid for,
# and nothing reads an old one. A record is changed by compare-and-swap only, and what it was is in its own history.
resource "oci_objectstorage_bucket" "ledger" {
  compartment_id        = var.compartment_ocid
  namespace             = local.namespace
  name                  = local.ledger_bucket
  access_type           = "NoPublicAccess"
  object_events_enabled = false
  versioning            = "Disabled"
}
