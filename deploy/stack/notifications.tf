locals {
  topic_id = oci_ons_notification_topic.byoi.id
}

resource "oci_ons_notification_topic" "byoi" {
  compartment_id = var.compartment_ocid
  name           = var.name
  description    = "A run of byoi is held, or has ended"
  defined_tags   = local.defined_tags
}

# Nothing is sent to it until its owner has followed the link in OCI's mail.
resource "oci_ons_subscription" "email" {
  count          = var.notification_email == "" ? 0 : 1
  compartment_id = var.compartment_ocid
  topic_id       = local.topic_id
  protocol       = "EMAIL"
  endpoint       = var.notification_email
  defined_tags   = local.defined_tags
}
