"""What runs elsewhere: servers, PagerDuty, forges."""
