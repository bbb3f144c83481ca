# What a tenancy's required tag defaults ask of whoever makes something: all that takes defined tags has these.

locals {
  given_tags = { for key, value in jsondecode(var.defined_tags) : key => tostring(value) }

  # Null where there are none: an empty map would take away what other defaults have set.
  defined_tags = length(local.given_tags) == 0 ? null : local.given_tags

  # OCI sets these by itself in most tenancies: every apply would take them away.
  automatic_tags = ["Oracle-Tags.CreatedBy", "Oracle-Tags.CreatedOn"]
}
