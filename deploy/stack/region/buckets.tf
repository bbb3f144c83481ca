# Events on, in destination regions too: nobody listens there, until functions are deployed there.

resource "oci_objectstorage_bucket" "exports" {
  compartment_id        = var.compartment_ocid
  namespace             = var.namespace
  name                  = var.export_bucket
  access_type           = "NoPublicAccess"
  object_events_enabled = true
  defined_tags          = var.defined_tags
}

resource "oci_objectstorage_bucket" "copies" {
  compartment_id        = var.compartment_ocid
  namespace             = var.namespace
  name                  = var.copy_bucket
  access_type           = "NoPublicAccess"
  object_events_enabled = true
  defined_tags          = var.defined_tags
}
