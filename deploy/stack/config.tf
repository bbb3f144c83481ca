# What the functions are told, beyond where their ledger is: docs/configuration.md. A key that is changed by hand in the
# bucket is changed back by the next apply; `settings` is the place for it.

locals {
  image_compartment_id = coalesce(var.image_compartment_ocid, var.compartment_ocid)

  config = merge(
    {
      compartmentId         = local.image_compartment_id
      dropBuckets           = [local.drop_bucket]
      advanceRunsFunctionId = local.function_ids["advance-runs"]
      notificationTopicId   = local.topic_id
      tenancyId             = var.tenancy_ocid
      exportBuckets         = [for region in local.regions : { region = region, bucket = local.export_bucket }]
    },
    jsondecode(var.settings),
    {
      destinations = concat(
        [for region in local.regions : { region = region, bucket = local.copy_bucket }],
        local.more_destinations,
      )
    },
  )
}

resource "oci_objectstorage_object" "config" {
  namespace    = local.namespace
  bucket       = oci_objectstorage_bucket.ledger.name
  object       = "config.json"
  content_type = "application/json"
  content      = jsonencode(local.config)

  lifecycle {
    precondition {
      condition     = length(distinct(local.regions)) == length(local.regions)
      error_message = "A region is named twice: the hub region is a destination by itself, and every other one is named once."
    }
  }
}
