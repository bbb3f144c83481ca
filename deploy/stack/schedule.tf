# The tick: what no event told of is found once an hour, which is as often as Resource Scheduler runs. It always calls
# detached.
resource "oci_resource_scheduler_schedule" "tick" {
  compartment_id     = var.compartment_ocid
  display_name       = "${var.name}-tick"
  description        = "Finds what no event told of, and starts the poller again"
  action             = "START_RESOURCE"
  recurrence_type    = "CRON"
  recurrence_details = "0 * * * *"
  defined_tags       = local.defined_tags

  resources {
    id = local.function_ids["advance-runs"]

    parameters {
      parameter_type = "BODY"
      value          = [jsonencode({ byoi = "tick" })]
    }
  }
}
