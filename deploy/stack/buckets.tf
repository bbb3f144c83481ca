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

  # Those that were there before. They stay their owner's: nothing here changes them.
  more_drop_buckets = setsubtract(
    concat(jsondecode(var.more_drop_buckets), try(jsondecode(var.settings).dropBuckets, [])),
    [local.drop_bucket],
  )
  drop_buckets = concat([local.drop_bucket], sort(local.more_drop_buckets))

  silent_drop_buckets   = [for name, bucket in data.oci_objectstorage_bucket.more_drops : name if !bucket.object_events_enabled]
  compartment_of_bucket = { for name, bucket in data.oci_objectstorage_bucket.more_drops : name => bucket.compartment_id }
  drop_buckets_elsewhere = {
    for compartment in setsubtract(values(local.compartment_of_bucket), [var.compartment_ocid]) :
    compartment => [for name, its in local.compartment_of_bucket : name if its == compartment]
  }
}

data "oci_objectstorage_bucket" "more_drops" {
  for_each  = local.more_drop_buckets
  namespace = local.namespace
  name      = each.value
}

# A warning: the schedule finds all the same what is dropped there. `byoi doctor` tells it, too.
check "object_events" {
  assert {
    condition     = length(local.silent_drop_buckets) == 0
    error_message = "What is dropped into ${join(", ", local.silent_drop_buckets)} waits for the schedule: no object events are emitted there. Whose bucket it is mends that with: oci os bucket update --name NAME --object-events-enabled true"
  }
}

resource "oci_objectstorage_bucket" "drop" {
  compartment_id        = var.compartment_ocid
  namespace             = local.namespace
  name                  = local.drop_bucket
  access_type           = "NoPublicAccess"
  object_events_enabled = true
  defined_tags          = local.defined_tags
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
  defined_tags          = local.defined_tags
}
