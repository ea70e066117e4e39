"""Addresses and redirects of the web, read with care: for pictures, and for fetching COCO.

This needs nothing but Python 3.8 or newer, since `datasets/get_datasets.sh` runs before anything
is installed.
"""

import http.client
import string
import urllib.parse
import urllib.request

HEAD_BYTES = 1 << 18  # of all that comes before the body of an answer


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


def web_opener():
    """Return an opener that follows redirects in the web only, and no answer without an end."""
    return urllib.request.build_opener(*filter(None, (_Http, _Https, WebRedirects)))


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


class _Head:
    """The file that an answer is read from, as long as its head has not ended."""

    def __init__(self, file):
        self.file, self.left = file, HEAD_BYTES

    def readline(self, limit=-1):
        line = self.file.readline(limit)
        self.left -= len(line)
        if self.left < 0:
            raise http.client.HTTPException("the head of the answer has no end")
        return line

    def close(self):
        self.file.close()


class _Reply(http.client.HTTPResponse):
    """An answer whose head has an end: Python waits as long as "100 Continue" is sent."""

    def begin(self):
        whole = self.fp
        self.fp = _Head(whole)
        try:
            super().begin()
        finally:
            if self.fp is not None:  # it is None where there is no body to come
                self.fp = whole


def _with_our_reply(connection_class):
    def connect(*args, **options):
        connection = connection_class(*args, **options)
        connection.response_class = _Reply
        return connection

    return connect


class _Http(urllib.request.HTTPHandler):
    def do_open(self, http_class, req, **options):
        return super().do_open(_with_our_reply(http_class), req, **options)


if hasattr(urllib.request, "HTTPSHandler"):  # a Python may be built without SSL

    class _Https(urllib.request.HTTPSHandler):
        def do_open(self, http_class, req, **options):
            return super().do_open(_with_our_reply(http_class), req, **options)
else:
    _Https = None
