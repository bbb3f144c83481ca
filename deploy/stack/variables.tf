variable "tenancy_ocid" {
  description = "The tenancy. Resource Manager fills it in."
  type        = string
}

variable "region" {
  description = "The hub region: functions, drop bucket, ledger, rules and schedule are here. Resource Manager fills it in."
  type        = string
}

variable "compartment_ocid" {
  description = "The compartment of everything that is made here. Best one of byoi's own."
  type        = string
}

variable "image_compartment_ocid" {
  description = "The compartment that the images go to; without it that of everything else."
  type        = string
  default     = ""
  nullable    = false
}

variable "name" {
  description = "What the application, the topic, the log group and the network are called, and the names of buckets and policies begin with. Another one for each deployment in a tenancy."
  type        = string
  default     = "byoi"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,29}$", var.name))
    error_message = "The name must be of lower-case letters, digits and hyphens, begin with a letter, and have at most 30 characters."
  }
}

variable "destination_region_1" {
  description = "A region that images are replicated to, as us-phoenix-1."
  type        = string
  default     = ""
  nullable    = false
}

variable "destination_region_2" {
  description = "Another one."
  type        = string
  default     = ""
  nullable    = false
}

variable "destination_region_3" {
  description = "Another one."
  type        = string
  default     = ""
  nullable    = false
}

variable "destination_region_4" {
  description = "Another one. For more than four add a provider and a module block."
  type        = string
  default     = ""
  nullable    = false
}

variable "more_drop_buckets" {
  description = "Buckets of the hub region that are there already, in whatever compartment, where a dropped disk becomes an image as well; a JSON list: [\"incoming\"]. That they emit object events is their owner's to see to."
  type        = string
  default     = "[]"
  nullable    = false

  validation {
    condition     = can([for name in jsondecode(var.more_drop_buckets) : regex("^[A-Za-z0-9._-]{1,256}$", name)]) && can(concat(jsondecode(var.more_drop_buckets), []))
    error_message = "The drop buckets must be a JSON list of names of buckets."
  }
}

variable "image_repository" {
  description = "Where the functions' images are, without the function's name; in the hub region. Without it ocir.REGION.oci.oraclecloud.com/NAMESPACE/byoi."
  type        = string
  default     = ""
  nullable    = false
}

variable "image_tag" {
  description = "The tag of the functions' images."
  type        = string
  default     = "0.1.0"
  nullable    = false
}

variable "subnet_ocid" {
  description = "A subnet for the functions that is there already: it must reach the OCI services of all regions in use. Without it a network is made."
  type        = string
  default     = ""
  nullable    = false
}

variable "vcn_cidr" {
  description = "The addresses of the network that is made."
  type        = string
  default     = "10.117.0.0/24"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.vcn_cidr, 0))
    error_message = "The addresses must be given as 10.117.0.0/24."
  }
}

variable "notification_email" {
  description = "Who is told when a run is held or ends. OCI sends a mail that has to be confirmed first."
  type        = string
  default     = ""
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the functions' logs are kept: a multiple of 30, at most 180."
  type        = number
  default     = 30

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180], var.log_retention_days)
    error_message = "Logs are kept for 30, 60, 90, 120, 150 or 180 days."
  }
}

variable "settings" {
  description = "More keys of config.json, as a JSON object: {\"replicateDropsTo\": [\"us-phoenix-1\"]}. docs/configuration.md lists them."
  type        = string
  default     = "{}"
  nullable    = false

  validation {
    condition     = can(keys(jsondecode(var.settings)))
    error_message = "The settings must be a JSON object."
  }

  validation {
    condition     = can([for name in concat(try(jsondecode(var.settings).dropBuckets, []), []) : regex("^[A-Za-z0-9._-]{1,256}$", name)])
    error_message = "The settings' dropBuckets must be a list of names of buckets."
  }

  validation {
    condition     = can([for each in concat(try(jsondecode(var.settings).destinations, []), try(jsondecode(var.settings).exportBuckets, [])) : "${each.bucket} in ${each.region}"])
    error_message = "The settings' destinations and exportBuckets must be lists of objects, each with a region and a bucket."
  }
}

variable "defined_tags" {
  description = "The defined tags of all that is made here, and of the images, as a JSON object: {\"Operations.CostCenter\": \"42\"}. For compartments whose tag defaults ask for a value."
  type        = string
  default     = "{}"
  nullable    = false

  validation {
    condition     = can(keys(jsondecode(var.defined_tags))) && can([for key, value in jsondecode(var.defined_tags) : [regex("^[!-\\-/-~]{1,100}[.][!-\\-/-~]{1,100}$", key), regex("^(?s).{0,256}$", value)]])
    error_message = "The defined tags must be a JSON object of texts, each named by its namespace and key: {\"Operations.CostCenter\": \"42\"}."
  }

  validation {
    condition     = length(setintersection([for key in try(keys(jsondecode(var.defined_tags)), []) : lower(split(".", key)[0])], ["oracle-tags", "orcl-cloud"])) == 0
    error_message = "The tags of Oracle-Tags and orcl-cloud only OCI itself sets."
  }

  validation {
    condition     = length(distinct([for key in try(keys(jsondecode(var.defined_tags)), []) : lower(key)])) == length(try(keys(jsondecode(var.defined_tags)), []))
    error_message = "A defined tag is there twice, and OCI takes all spellings for one tag."
  }
}

variable "config_file_profile" {
  description = "A profile of ~/.oci/config, where Terraform runs on your own machine."
  type        = string
  default     = null
}
