# Terraform makes no providers in a loop: one for each region that there can be. A destination that is not asked for
# stands on the hub region, and makes nothing there.

provider "oci" {
  tenancy_ocid        = var.tenancy_ocid
  region              = var.region
  config_file_profile = var.config_file_profile
  ignore_defined_tags = local.automatic_tags
}

# IAM is written in the tenancy's home region only.
provider "oci" {
  alias               = "home"
  tenancy_ocid        = var.tenancy_ocid
  region              = local.home_region
  config_file_profile = var.config_file_profile
  ignore_defined_tags = local.automatic_tags
}

provider "oci" {
  alias               = "destination_1"
  tenancy_ocid        = var.tenancy_ocid
  region              = coalesce(var.destination_region_1, var.region)
  config_file_profile = var.config_file_profile
  ignore_defined_tags = local.automatic_tags
}

provider "oci" {
  alias               = "destination_2"
  tenancy_ocid        = var.tenancy_ocid
  region              = coalesce(var.destination_region_2, var.region)
  config_file_profile = var.config_file_profile
  ignore_defined_tags = local.automatic_tags
}

provider "oci" {
  alias               = "destination_3"
  tenancy_ocid        = var.tenancy_ocid
  region              = coalesce(var.destination_region_3, var.region)
  config_file_profile = var.config_file_profile
  ignore_defined_tags = local.automatic_tags
}

provider "oci" {
  alias               = "destination_4"
  tenancy_ocid        = var.tenancy_ocid
  region              = coalesce(var.destination_region_4, var.region)
  config_file_profile = var.config_file_profile
  ignore_defined_tags = local.automatic_tags
}

data "oci_identity_region_subscriptions" "tenancy" {
  tenancy_id = var.tenancy_ocid
}

locals {
  home_region = one([
    for each in data.oci_identity_region_subscriptions.tenancy.region_subscriptions : each.region_name
    if each.is_home_region
  ])
}
