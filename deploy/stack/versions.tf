terraform {
  # Resource Manager runs 1.5: nothing newer is used here.
  required_version = ">= 1.5.0"

  required_providers {
    oci = {
      source = "oracle/oci"
      # The first in which a function's detached_mode_timeout_in_seconds was seen.
      version = ">= 7.23.0"
    }
  }
}
