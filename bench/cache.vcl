vcl 4.1;
# Varnish as a cache of answers that belong to a credential: its default would not keep them at all.
backend origin { .host = "127.0.0.1"; .port = "@ORIGIN@"; }
sub vcl_recv { if (req.method == "GET") { return (hash); } }
sub vcl_hash { hash_data(req.http.Authorization); }
sub vcl_backend_response { unset beresp.http.Vary; }
