# What the functions are told, beyond where their ledger is: docs/configuration.md. A key that is changed by hand in the
# bucket is changed back by the next apply; `settings` is the place for it.

locals {
  image_compartment_id = coalesce(var.image_compartment_ocid, var.compartment_ocid)

  config = merge(
    {
      compartmentId         = local.image_compartment_id
      advanceRunsFunctionId = local.function_ids["advance-runs"]
      notificationTopicId   = local.topic_id
      tenancyId             = var.tenancy_ocid
      definedTags           = local.tags_by_namespace
      exportBuckets         = [for region in local.regions : { region = region, bucket = local.export_bucket }]
    },
    jsondecode(var.settings),
    {
      dropBuckets = local.drop_buckets
      destinations = concat(
        [for region in local.regions : { region = region, bucket = local.copy_bucket }],
        local.more_destinations,
      )
    },
  )

  # As `byoi config check` has it: a bucket has one part to play.
  places = concat(
    [for bucket in concat([local.ledger_bucket], local.drop_buckets) : "${bucket} in ${var.region}"],
    [for each in concat(local.config.exportBuckets, local.config.destinations) : "${each.bucket} in ${each.region}" if coalesce(try(each.namespace, null), local.namespace) == local.namespace],
  )
  repeated_places = distinct([for place in local.places : place if length([for each in local.places : each if each == place]) > 1])
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

    precondition {
      condition     = length(local.repeated_places) == 0
      error_message = "Named for more than one thing: the bucket ${join(", the bucket ", local.repeated_places)}."
    }
  }
}
