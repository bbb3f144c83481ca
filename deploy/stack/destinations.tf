# The hub and each destination region: where the exports of a region's images go, and where copies arrive.

locals {
  destination_regions = compact([
    var.destination_region_1,
    var.destination_region_2,
    var.destination_region_3,
    var.destination_region_4,
  ])
  regions = concat([var.region], local.destination_regions)

  # Beyond those, in other tenancies say: their buckets, and the rights there, are somebody else's to make.
  more_destinations = try(jsondecode(var.settings).destinations, [])
}

module "hub" {
  source           = "./region"
  compartment_ocid = var.compartment_ocid
  namespace        = local.namespace
  export_bucket    = local.export_bucket
  copy_bucket      = local.copy_bucket
  defined_tags     = local.defined_tags
}

module "destination_1" {
  source           = "./region"
  count            = var.destination_region_1 == "" ? 0 : 1
  providers        = { oci = oci.destination_1 }
  compartment_ocid = var.compartment_ocid
  namespace        = local.namespace
  export_bucket    = local.export_bucket
  copy_bucket      = local.copy_bucket
  defined_tags     = local.defined_tags
}

module "destination_2" {
  source           = "./region"
  count            = var.destination_region_2 == "" ? 0 : 1
  providers        = { oci = oci.destination_2 }
  compartment_ocid = var.compartment_ocid
  namespace        = local.namespace
  export_bucket    = local.export_bucket
  copy_bucket      = local.copy_bucket
  defined_tags     = local.defined_tags
}

module "destination_3" {
  source           = "./region"
  count            = var.destination_region_3 == "" ? 0 : 1
  providers        = { oci = oci.destination_3 }
  compartment_ocid = var.compartment_ocid
  namespace        = local.namespace
  export_bucket    = local.export_bucket
  copy_bucket      = local.copy_bucket
  defined_tags     = local.defined_tags
}

module "destination_4" {
  source           = "./region"
  count            = var.destination_region_4 == "" ? 0 : 1
  providers        = { oci = oci.destination_4 }
  compartment_ocid = var.compartment_ocid
  namespace        = local.namespace
  export_bucket    = local.export_bucket
  copy_bucket      = local.copy_bucket
  defined_tags     = local.defined_tags
}
