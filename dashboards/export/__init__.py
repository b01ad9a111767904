"""Files for people without the server: reports in one HTML file, and downloads."""
