"""What commands print: tables, reports and pages."""
