# The functions call OCI's services and nothing else. Those of their own region they reach through a service gateway,
# which leads to no other region: with destinations there has to be a NAT gateway as well. Nothing calls in.

locals {
  makes_network = var.subnet_ocid == ""
  leaves_region = anytrue([for region in concat(local.destination_regions, local.more_destinations[*].region) : region != var.region])
  subnet_id     = local.makes_network ? one(oci_core_subnet.functions[*].id) : var.subnet_ocid
}

data "oci_core_services" "region" {
  count = local.makes_network ? 1 : 0

  filter {
    name   = "name"
    values = ["All .* Services In Oracle Services Network"]
    regex  = true
  }
}

resource "oci_core_vcn" "functions" {
  count          = local.makes_network ? 1 : 0
  compartment_id = var.compartment_ocid
  display_name   = var.name
  cidr_blocks    = [var.vcn_cidr]
  defined_tags   = local.defined_tags
}

resource "oci_core_service_gateway" "functions" {
  count          = local.makes_network ? 1 : 0
  compartment_id = var.compartment_ocid
  vcn_id         = oci_core_vcn.functions[0].id
  display_name   = var.name
  defined_tags   = local.defined_tags

  services {
    service_id = data.oci_core_services.region[0].services[0].id
  }
}

resource "oci_core_nat_gateway" "functions" {
  count          = local.makes_network && local.leaves_region ? 1 : 0
  compartment_id = var.compartment_ocid
  vcn_id         = oci_core_vcn.functions[0].id
  display_name   = var.name
  defined_tags   = local.defined_tags
}

resource "oci_core_route_table" "functions" {
  count          = local.makes_network ? 1 : 0
  compartment_id = var.compartment_ocid
  vcn_id         = oci_core_vcn.functions[0].id
  display_name   = var.name
  defined_tags   = local.defined_tags

  route_rules {
    destination       = data.oci_core_services.region[0].services[0].cidr_block
    destination_type  = "SERVICE_CIDR_BLOCK"
    network_entity_id = oci_core_service_gateway.functions[0].id
  }

  dynamic "route_rules" {
    for_each = oci_core_nat_gateway.functions

    content {
      destination       = "0.0.0.0/0"
      destination_type  = "CIDR_BLOCK"
      network_entity_id = route_rules.value.id
    }
  }
}

resource "oci_core_security_list" "functions" {
  count          = local.makes_network ? 1 : 0
  compartment_id = var.compartment_ocid
  vcn_id         = oci_core_vcn.functions[0].id
  display_name   = var.name
  defined_tags   = local.defined_tags

  egress_security_rules {
    description = "HTTPS, to the gateways' ends"
    destination = "0.0.0.0/0"
    protocol    = "6"

    tcp_options {
      min = 443
      max = 443
    }
  }
}

resource "oci_core_subnet" "functions" {
  count                      = local.makes_network ? 1 : 0
  compartment_id             = var.compartment_ocid
  vcn_id                     = oci_core_vcn.functions[0].id
  display_name               = var.name
  cidr_block                 = var.vcn_cidr
  prohibit_public_ip_on_vnic = true
  route_table_id             = oci_core_route_table.functions[0].id
  security_list_ids          = [oci_core_security_list.functions[0].id]
  defined_tags               = local.defined_tags
}
