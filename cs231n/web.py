"""Addresses and redirects of the web, read with care: for pictures, and for fetching COCO.

This needs nothing but Python 3.8 or newer, since `datasets/get_datasets.sh` runs before anything
is installed.
"""

import string
import urllib.parse
import urllib.request


def web_address(url):
    """Return an address as a request carries it: in ASCII, and with a host.

    Raises:
        ValueError: it is no address of the web; the text says why, and starts small.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
        path = urllib.parse.quote(parts.path, safe=string.punctuation)
        query = urllib.parse.quote(parts.query, safe=string.punctuation)
    except ValueError:
        raise ValueError("the address cannot be parsed") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("the address does not start with http:// or https://")
    if not host:
        raise ValueError("the address names no host")
    if "@" in parts.netloc:
        raise ValueError("the address holds a user name, which is not supported")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("the address names a host that cannot be") from None
    if not all(letter.isalnum() or letter in "-._:" for letter in host):
        raise ValueError("the address names a host that cannot be")
    place = (f"[{host}]" if ":" in host else host) + ("" if port is None else f":{port}")
    return urllib.parse.urlunsplit((parts.scheme, place, path, query, ""))


class WebRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to addresses of the web only: none to ftp: or file:, and none that is bad.

    A redirect that is not followed ends in the `HTTPError` of the redirect itself.
    """

    max_redirections = 5

    def http_error_302(self, req, fp, code, msg, headers):
        try:
            web_address(urllib.parse.urljoin(req.full_url, headers.get("Location") or "file:"))
        except ValueError:
            return None
        # The parent reads the body of a redirect, which is of no use and may have no end.
        fp.read = lambda *size: b""
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302
