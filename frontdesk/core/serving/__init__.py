"""What every web process of ours needs in front of its pages: known hosts, same-site requests, protecting headers."""
