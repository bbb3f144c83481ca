# A deployment that does nothing looks like one that has nothing to do. These two tell them apart; runs tell of their own
# failures. They go to the topic of the runs: OCI's alarm messages have `type` and `alarmMetaData`, byoi's have `run`.

# Once an hour the schedule calls it whatever happens; with intervals shorter than that it would be absent most of the time.
# After three days OCI takes the absence for the new normal, and stops.
resource "oci_monitoring_alarm" "silence" {
  compartment_id        = var.compartment_ocid
  display_name          = "${var.name}: nothing calls advance-runs"
  body                  = "The schedule calls advance-runs every hour, and nothing has for three. What no event told of is found by nobody, and a run whose poller has died does not go on. byoi doctor says what is amiss."
  severity              = "CRITICAL"
  is_enabled            = true
  destinations          = [local.topic_id]
  metric_compartment_id = var.compartment_ocid
  namespace             = "oci_faas"
  query                 = "FunctionInvocationCount[3h]{resourceId = \"${local.function_ids["advance-runs"]}\"}.groupBy(resourceId).absent(3d)"
  defined_tags          = local.defined_tags
}

# What goes wrong with a run is told by the run, and the function answers well: an error is of the deployment itself, as an
# image that does not start, no right to read the ledger, or a config.json that is none.
resource "oci_monitoring_alarm" "errors" {
  compartment_id        = var.compartment_ocid
  display_name          = "${var.name}: a function answers with errors"
  body                  = "A function of byoi has failed. Its log says why; byoi doctor looks at the whole deployment."
  severity              = "WARNING"
  is_enabled            = true
  destinations          = [local.topic_id]
  metric_compartment_id = var.compartment_ocid
  namespace             = "oci_faas"
  query                 = "FunctionResponseCount[1h]{applicationId = \"${oci_functions_application.byoi.id}\", responseType = \"Error\"}.groupBy(resourceDisplayName).sum() > 0"
  defined_tags          = local.defined_tags
}
