locals {
  image_repository = coalesce(var.image_repository, "ocir.${var.region}.oci.oraclecloud.com/${local.namespace}/byoi")

  # As in each function's func.yaml. Events calls a function for 300 s at most; detached, advance-runs polls for longer,
  # and hands over to itself before its end. For the others a detached call ends when any other does.
  functions = {
    import-image = { memory = 256, timeout = 300, detached_timeout = null }
    export-image = { memory = 256, timeout = 300, detached_timeout = null }
    copy-image   = { memory = 256, timeout = 300, detached_timeout = null }
    advance-runs = { memory = 256, timeout = 300, detached_timeout = 1200 }
  }

  function_ids = { for name, function in oci_functions_function.byoi : name => function.id }
}

resource "oci_functions_application" "byoi" {
  compartment_id = var.compartment_ocid
  display_name   = var.name
  subnet_ids     = [local.subnet_id]
  defined_tags   = local.defined_tags
  # The images are built for it.
  shape = "GENERIC_X86"

  # No more than that: all keys and values of a function together may take 4 KB. The rest is in config.json.
  config = {
    BYOI_LEDGER_REGION    = var.region
    BYOI_LEDGER_NAMESPACE = local.namespace
    BYOI_LEDGER_BUCKET    = oci_objectstorage_bucket.ledger.name
  }
}

resource "oci_functions_function" "byoi" {
  for_each                         = local.functions
  application_id                   = oci_functions_application.byoi.id
  display_name                     = each.key
  image                            = "${local.image_repository}/${each.key}:${var.image_tag}"
  memory_in_mbs                    = each.value.memory
  timeout_in_seconds               = each.value.timeout
  detached_mode_timeout_in_seconds = each.value.detached_timeout
  defined_tags                     = local.defined_tags
}
