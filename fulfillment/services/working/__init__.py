"""What runs beside the scans: general jobs, their claims, whether this process can serve."""
