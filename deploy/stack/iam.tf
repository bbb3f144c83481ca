# Who applies this must be allowed to write policies and dynamic groups in the tenancy. OCI takes up to 15 minutes to
# heed them.
#
# Above each statement of the functions are the calls that need it: test/unit/deploy/policies.test.ts holds them to what
# the functions call.

locals {
  dynamic_group_id = oci_identity_dynamic_group.functions.id
  schedule_id      = oci_resource_scheduler_schedule.tick.id

  functions_may  = "Allow dynamic-group id ${local.dynamic_group_id} to"
  in_compartment = "in compartment id ${var.compartment_ocid}"
  in_images      = "in compartment id ${local.image_compartment_id}"

  # A dropped disk is read, and never changed.
  drop_buckets_here = sort(setsubtract(local.drop_buckets, flatten(values(local.drop_buckets_elsewhere))))
  of_all_buckets = join(", ", formatlist(
    "target.bucket.name = '%s'", concat(local.drop_buckets_here, [local.ledger_bucket, local.export_bucket, local.copy_bucket])
  ))
  of_written_buckets = join(", ", formatlist(
    "target.bucket.name = '%s'", [local.ledger_bucket, local.export_bucket, local.copy_bucket]
  ))
  of_image_buckets = join(", ", formatlist(
    "target.bucket.name = '%s'", concat(local.drop_buckets_here, [local.export_bucket, local.copy_bucket])
  ))

  function_statements = [
    # Calls: GetObject, HeadObject, ListObjects, CopyObject
    "${local.functions_may} read objects ${local.in_compartment} where any {${local.of_all_buckets}}",

    # Calls: PutObject, DeleteObject, AbortMultipartUpload, CopyObject
    # What a pre-authenticated request writes, as an export does, its maker must be allowed to write.
    "${local.functions_may} manage objects ${local.in_compartment} where all {any {${local.of_written_buckets}}, any {request.permission = 'OBJECT_CREATE', request.permission = 'OBJECT_OVERWRITE', request.permission = 'OBJECT_DELETE'}}",

    # Calls: GetWorkRequest, ListWorkRequestErrors, CancelWorkRequest
    # Of copies, in Object Storage: they ask for rights on objects, but name no bucket.
    "${local.functions_may} manage objects ${local.in_compartment} where any {request.operation = 'GetWorkRequest', request.operation = 'ListWorkRequestErrors', request.operation = 'CancelWorkRequest'}",

    # Calls: HeadBucket, ListMultipartUploads, ListPreauthenticatedRequests
    "${local.functions_may} read buckets ${local.in_compartment} where any {${local.of_image_buckets}}",

    # Calls: CreatePreauthenticatedRequest, DeletePreauthenticatedRequest
    "${local.functions_may} manage buckets ${local.in_compartment} where all {any {${local.of_image_buckets}}, request.permission = 'PAR_MANAGE'}",

    # Calls: CreateImage, ExportImage, GetImage, ListImages, DeleteImage, ListImageShapeCompatibilityEntries,
    # Calls: AddImageShapeCompatibilityEntry, RemoveImageShapeCompatibilityEntry, GetWorkRequest, ListWorkRequestErrors
    # A work request of Compute is read with the rights of what it is about.
    "${local.functions_may} manage instance-images ${local.in_images} where request.permission != 'INSTANCE_IMAGE_MOVE'",

    # Calls: CreateImage, CreateComputeImageCapabilitySchema
    # With defined tags: whoever sets one must be allowed to use its namespace, which is the tenancy's.
    "${local.functions_may} use tag-namespaces in tenancy",

    # Calls: ListComputeImageCapabilitySchemas, GetComputeImageCapabilitySchema, CreateComputeImageCapabilitySchema,
    # Calls: UpdateComputeImageCapabilitySchema
    "${local.functions_may} manage compute-image-capability-schema ${local.in_images} where all {request.permission != 'COMPUTE_IMAGE_CAPABILITY_SCHEMA_DELETE', request.permission != 'COMPUTE_IMAGE_CAPABILITY_SCHEMA_MOVE'}",

    # Calls: ListComputeGlobalImageCapabilitySchemas
    "${local.functions_may} inspect compute-global-image-capability-schema in tenancy",

    # Calls: GetFunction
    "${local.functions_may} read fn-function ${local.in_compartment} where target.function.id = '${local.function_ids["advance-runs"]}'",

    # Calls: InvokeFunction
    "${local.functions_may} use fn-invocation ${local.in_compartment} where target.function.id = '${local.function_ids["advance-runs"]}'",

    # Calls: PublishMessage
    "${local.functions_may} use ons-topics ${local.in_compartment} where request.permission = 'ONS_TOPIC_PUBLISH'",

    # Calls: ListRegionSubscriptions
    "${local.functions_may} inspect tenancies in tenancy",

    # Calls: GetResourceAvailability
    "${local.functions_may} read resource-availability in tenancy",
  ]

  # The same for drop buckets of other compartments.
  elsewhere_statements = flatten([
    for compartment, names in local.drop_buckets_elsewhere : [
      for right in [
        "read objects in compartment id ${compartment} where any {OF_THESE}",
        "manage objects in compartment id ${compartment} where any {request.operation = 'GetWorkRequest', request.operation = 'ListWorkRequestErrors', request.operation = 'CancelWorkRequest'}",
        "read buckets in compartment id ${compartment} where any {OF_THESE}",
        "manage buckets in compartment id ${compartment} where all {any {OF_THESE}, request.permission = 'PAR_MANAGE'}",
      ] :
      "${local.functions_may} ${replace(right, "OF_THESE", join(", ", formatlist("target.bucket.name = '%s'", names)))}"
    ]
  ])

  # Object Storage copies in its own name: without this CopyObject is answered InsufficientServicePermissions.
  # What is read it must be allowed to, too: in the hub region that may be another compartment's.
  copy_statements = concat(
    [
      for region in local.regions :
      "Allow service objectstorage-${region} to manage object-family in compartment id ${var.compartment_ocid}"
    ],
    [
      for compartment in keys(local.drop_buckets_elsewhere) :
      "Allow service objectstorage-${var.region} to manage object-family in compartment id ${compartment}"
    ],
  )

  # Events calls in its own name. Oracle's present reference asks for no such statement any more, its former one did, and
  # its workshops still have it: where it is needed and missing, rules match and nothing is called.
  event_statements = [
    "Allow service cloudEvents to use functions-family ${local.in_compartment}",
  ]

  # The schedule is a principal of its own.
  schedule_statements = [
    for right in ["read fn-function", "use fn-invocation"] :
    "Allow any-user to ${right} ${local.in_compartment} where all {request.principal.type = 'resourceschedule', request.principal.id = '${local.schedule_id}', target.function.id = '${local.function_ids["advance-runs"]}'}"
  ]
}

# The four functions, and no other function of the compartment.
resource "oci_identity_dynamic_group" "functions" {
  provider       = oci.home
  compartment_id = var.tenancy_ocid
  name           = "${var.name}-functions"
  description    = "The functions of byoi"
  defined_tags   = local.defined_tags
  matching_rule = format("ANY {%s}", join(", ", formatlist(
    "ALL {resource.type = 'fnfunc', resource.id = '%s'}", values(local.function_ids)
  )))
}

resource "oci_identity_policy" "functions" {
  provider       = oci.home
  compartment_id = var.tenancy_ocid
  name           = "${var.name}-functions"
  description    = "What the functions of byoi call"
  statements     = local.function_statements
  defined_tags   = local.defined_tags
}

resource "oci_identity_policy" "elsewhere" {
  count          = length(local.drop_buckets_elsewhere) == 0 ? 0 : 1
  provider       = oci.home
  compartment_id = var.tenancy_ocid
  name           = "${var.name}-elsewhere"
  description    = "What the functions of byoi call on drop buckets of other compartments"
  statements     = local.elsewhere_statements
  defined_tags   = local.defined_tags
}

resource "oci_identity_policy" "copies" {
  provider       = oci.home
  compartment_id = var.tenancy_ocid
  name           = "${var.name}-copies"
  description    = "Object Storage copies images from region to region"
  statements     = local.copy_statements
  defined_tags   = local.defined_tags
}

resource "oci_identity_policy" "events" {
  provider       = oci.home
  compartment_id = var.tenancy_ocid
  name           = "${var.name}-events"
  description    = "Events calls the functions of byoi"
  statements     = local.event_statements
  defined_tags   = local.defined_tags
}

resource "oci_identity_policy" "schedule" {
  provider       = oci.home
  compartment_id = var.tenancy_ocid
  name           = "${var.name}-schedule"
  description    = "The schedule of byoi calls advance-runs"
  statements     = local.schedule_statements
  defined_tags   = local.defined_tags
}
