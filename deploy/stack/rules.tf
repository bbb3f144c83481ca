# What starts the functions is declared beside their handlers; `byoi rules export --format terraform` writes it into
# rules_declared.tf.json. Who made a rule is in its tags: `byoi rules apply` leaves these alone, and this stack is
# refused where rules of the same deployment are the command's.

locals {
  deployment = "${var.region}/${local.namespace}/${local.ledger_bucket}"

  # Those of the hub region: events come from nowhere else.
  buckets_by_role = {
    drop        = local.drop_buckets
    export      = [for each in local.config.exportBuckets : each.bucket if each.region == var.region]
    destination = [for each in local.config.destinations : each.bucket if each.region == var.region && coalesce(try(each.namespace, null), local.namespace) == local.namespace]
  }

  # A rule sees its own compartment and those below: where the buckets are, or where the images are.
  rules = {
    for name, rule in local.byoi_rules : name => {
      name           = name
      description    = rule.description
      function       = rule.function
      role           = rule.buckets
      compartment_id = rule.buckets == null ? local.image_compartment_id : var.compartment_ocid
      condition = jsonencode({
        for key, value in {
          eventType = rule.event_types
          data      = rule.buckets == null ? null : { additionalDetails = { bucketName = local.buckets_by_role[rule.buckets] } }
        } : key => value if value != null
      })
    }
    # Without buckets of its role a rule would match nothing, which OCI refuses.
    if rule.buckets == null || length(lookup(local.buckets_by_role, coalesce(rule.buckets, "none"), [])) > 0
  }

  # The same again in each other compartment that has drop buckets.
  rules_elsewhere = merge({}, [
    for compartment in keys(local.drop_buckets_elsewhere) : {
      for name, rule in local.rules : "${name} ${compartment}" => merge(rule, { compartment_id = compartment })
      if rule.role == "drop"
    }
  ]...)

  rules_of_the_command = flatten([
    for listing in data.oci_events_rules.deployment : [
      for rule in listing.rules : rule.display_name
      if try(rule.freeform_tags["byoi-managed-by"], "") == "byoi" &&
      try(rule.freeform_tags["byoi-deployment"], "") == local.deployment
    ]
  ])
}

data "oci_events_rules" "deployment" {
  for_each       = toset(concat([var.compartment_ocid, local.image_compartment_id], keys(local.drop_buckets_elsewhere)))
  compartment_id = each.value
}

resource "oci_events_rule" "byoi" {
  for_each       = merge(local.rules, local.rules_elsewhere)
  compartment_id = each.value.compartment_id
  display_name   = each.value.name
  description    = each.value.description
  condition      = each.value.condition
  is_enabled     = true
  defined_tags   = local.defined_tags

  freeform_tags = {
    byoi-deployment = local.deployment
    byoi-managed-by = "terraform"
  }

  actions {
    actions {
      action_type = "FAAS"
      is_enabled  = true
      function_id = local.function_ids[each.value.function]
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.rules_of_the_command) == 0
      error_message = "Rules of this deployment were made by the byoi command (${join(", ", local.rules_of_the_command)}). Remove them with: byoi rules delete"
    }
  }
}
