output "drop_bucket" {
  description = "Where a dropped disk becomes an image."
  value       = oci_objectstorage_bucket.drop.name
}

output "ledger_region" {
  description = "BYOI_LEDGER_REGION, for the byoi command."
  value       = var.region
}

output "ledger_namespace" {
  description = "BYOI_LEDGER_NAMESPACE, for the byoi command."
  value       = local.namespace
}

output "ledger_bucket" {
  description = "BYOI_LEDGER_BUCKET, for the byoi command."
  value       = oci_objectstorage_bucket.ledger.name
}

output "function_ids" {
  description = "The functions by their names."
  value       = local.function_ids
}

output "topic_id" {
  description = "The topic that is told when a run is held or ends."
  value       = local.topic_id
}

output "log_group_id" {
  description = "The group of the functions' log."
  value       = oci_logging_log_group.byoi.id
}
