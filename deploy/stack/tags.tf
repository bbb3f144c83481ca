# What a tenancy's required tag defaults ask of whoever makes something: all that takes defined tags has these.

locals {
  given_tags = { for key, value in jsondecode(var.defined_tags) : key => tostring(value) }

  # Null where there are none: an empty map would take away what other defaults have set.
  defined_tags = length(local.given_tags) == 0 ? null : local.given_tags

  # As config.json has them, and OCI's API.
  tags_by_namespace = {
    for namespace in distinct([for name in keys(local.given_tags) : split(".", name)[0]]) :
    namespace => { for name, value in local.given_tags : split(".", name)[1] => value if split(".", name)[0] == namespace }
  }

  # OCI sets these by itself in most tenancies: every apply would take them away.
  automatic_tags = ["Oracle-Tags.CreatedBy", "Oracle-Tags.CreatedOn"]
}
