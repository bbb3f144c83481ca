variable "compartment_ocid" {
  description = "The compartment of the buckets."
  type        = string
}

variable "namespace" {
  description = "The tenancy's Object Storage namespace."
  type        = string
}

variable "export_bucket" {
  description = "What the bucket for exports is called."
  type        = string
}

variable "copy_bucket" {
  description = "What the bucket for copies is called."
  type        = string
}

variable "defined_tags" {
  description = "Their defined tags, or null."
  type        = map(string)
}
