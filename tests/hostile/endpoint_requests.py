"""What a raw socket can send to the credentials endpoint: bytes in, status out. Each row stands alone.

`{port}` and `{token}` are put in by who sends it. A row with the right token shows that nothing else let it through.
"""

from __future__ import annotations

__all__ = ["SERVED", "rows"]

HOST = "Host: 127.0.0.1:{port}\r\n"
TOKEN = "Authorization: {token}\r\n"
LINE = "GET /credentials HTTP/1.1\r\n"
RIGHT = HOST + TOKEN
END = "\r\n"

SERVED = {
    "as botocore sends it": LINE + RIGHT + "Accept: application/json\r\nUser-Agent: Botocore/1.44\r\n" + END,
    "as the SDK for JavaScript sends it": LINE + TOKEN + HOST + "Connection: close\r\n" + END,
    "localhost": LINE + "Host: localhost:{port}\r\n" + TOKEN + END,
    "the other loopback": LINE + "Host: [::1]:{port}\r\n" + TOKEN + END,
    "lower-case names": LINE + (HOST + TOKEN).replace("Host", "host").replace("Auth", "auth") + END,
    "upper-case names": LINE + (HOST + TOKEN).replace("Host", "HOST").replace("Authorization", "AUTHORIZATION") + END,
    "no blank before the value": LINE + RIGHT.replace(": ", ":") + END,
    "blanks around the value": LINE + HOST + "Authorization: \t {token} \t\r\n" + END,
    "an empty header": LINE + RIGHT + "Accept:\r\n" + END,
    "an empty body": LINE + RIGHT + "Content-Length: 0\r\n" + END,
    "keep alive": LINE + RIGHT + "Connection: keep-alive\r\n" + END,
    "compressed, if it were": LINE + RIGHT + "Accept-Encoding: gzip, deflate\r\n" + END,
    "of the size that is just let in": LINE + RIGHT + "A: " + "x" * 8_000 + "\r\n" + END,
    "another request behind it": (LINE + RIGHT + END) * 2,
}  # fmt: skip

FOREIGN = (
    "example.com", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost.evil.example:{port}",
    "evil.example:80@127.0.0.1:{port}", "127.0.0.1", "localhost", "[::1]", "127.0.0.1:80", "127.0.0.1:0{port}", "127.0.0.1:1{port}",
    "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:{port}:80", "127.0.0.1:99999999", "127.0.0.1:-1", "127.0.0.1.:{port}",
    "localhost.:{port}", "user@127.0.0.1:{port}", "user:pass@127.0.0.1:{port}", "http://127.0.0.1:{port}",
    "//127.0.0.1:{port}", "127.0.0.1:{port}/", "127.0.0.1:{port}/x", "127.0.0.1:{port}?x", "127.0.0.1:{port}#x",
    "127.0.0.1:{port}, evil.example", "evil.example, 127.0.0.1:{port}", "127.0.0.1:{port} evil.example",
    "127.0.0.1:{port},127.0.0.1:{port}", "LOCALHOST:{port}", "Localhost:{port}", "LocalHost:{port}", "0.0.0.0:{port}",
    "127.0.0.2:{port}", "127.1:{port}", "127.0.1:{port}", "2130706433:{port}", "0x7f000001:{port}", "0177.0.0.1:{port}", "[::]:{port}",
    "[::ffff:127.0.0.1]:{port}", "::1:{port}", "[0:0:0:0:0:0:0:1]:{port}", "[::1%lo]:{port}", "b.localhost:{port}",
    "localhost.localdomain:{port}", "ip6-localhost:{port}", "169.254.170.2:{port}", "169.254.169.254", "sts.amazonaws.com",
    "127.0.0.1\\:{port}", "127.0.0.1%3a{port}", "127%2e0.0.1:{port}", "*:{port}", ":{port}", "-", "null", "xn--localhost:{port}",
    '"127.0.0.1:{port}"', "127.0.0.1;{port}", "127.0.0.1 :{port}", "127.0.0.1: {port}",
)  # fmt: skip

BESIDES = {
    "X-Forwarded-For": ("1.2.3.4", "127.0.0.1", ""),
    "X-Forwarded-Host": ("evil.example", "127.0.0.1"),
    "X-Forwarded-Proto": ("https",),
    "X-Forwarded-Port": ("443",),
    "X-Forwarded-Server": ("x",),
    "x-forwarded-for": ("127.0.0.1",),
    "X-FORWARDED-FOR": ("::1",),
    "Forwarded": ("for=127.0.0.1", "for=1.2.3.4;host=evil.example", ""),
    "Via": ("1.1 proxy", ""),
    "X-Real-IP": ("127.0.0.1",),
    "Origin": ("http://evil.example", "null", "http://127.0.0.1:{port}", "http://localhost:{port}", ""),
    "origin": ("http://evil.example",),
    "Referer": ("http://evil.example/", "http://127.0.0.1:{port}/credentials", ""),
    "Cookie": ("a=b", "", "token={token}"),
    "Sec-Fetch-Site": ("cross-site", "same-site", "same-origin", "none", ""),
    "Sec-Fetch-Mode": ("no-cors", "cors", "navigate", "websocket"),
    "Sec-Fetch-Dest": ("image", "script", "iframe", "empty", "document"),
    "Sec-Fetch-User": ("?1",),
    "Sec-CH-UA": ('"Chromium";v="1"',),
    "Sec-GPC": ("1",),
    "Sec-Purpose": ("prefetch",),
    "Sec-WebSocket-Key": ("dGhlIHNhbXBsZSBub25jZQ==",),
    "Sec-WebSocket-Version": ("13",),
    "Access-Control-Request-Method": ("GET",),
    "Access-Control-Request-Headers": ("authorization",),
    "Access-Control-Request-Private-Network": ("true",),
}

TOKENS = (
    "", "x", "Bearer {token}", "bearer {token}", "Basic {token}", "Token {token}", "AWS4-HMAC-SHA256 {token}", "{token}x", "x{token}",
    "{token} x", "{token},{token}", "{token} {token}", '"{token}"', "'{token}'", "{token};", "{token}=", "{token}==", "null",
    "undefined", "true", "*", "%00", "{token}%00", "A" * 43, "A" * 4_000, "../../token", "' or ''='", "{{token}}", "$TOKEN", "0",
)  # fmt: skip

PATHS = (
    "/", "/credentials/", "/Credentials", "/CREDENTIALS", "/credential", "/credentialss", "//credentials", "/./credentials",
    "/../credentials", "/x/../credentials", "/%63redentials", "/credentials%00", "/credentials%2f", "/credentials;x", "/credentials?",
    "/credentials?x=y", "/credentials?role=admin", "/credentials?Authorization={token}", "/credentials#x", "/credentials/admin",
    "/credentials/arn:aws:iam::111122223333:role/admin", "/role-arn/arn:aws:iam::111122223333:role/admin", "/role/admin",
    "/latest/meta-data/iam/security-credentials/", "/latest/meta-data/", "/latest/api/token", "/v2/credentials/x", "/get-credentials",
    "/stop", "/reset", "/health", "/metrics", "/debug/pprof/", "/favicon.ico", "/robots.txt", "/index.html", "/token", "/env",
    "/.well-known/security.txt", "/credentials\\", "/credentials|", "/{token}",
)  # fmt: skip

METHODS = (
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "TRACE",
    "get",
    "Get",
    "GETS",
    "PROPFIND",
    "LINK",
    "X-GET",
    "G",
)

FORM = {
    "no host": (LINE + TOKEN + END, 400),
    "an empty host": (LINE + "Host:\r\n" + TOKEN + END, 403),
    "the host twice": (LINE + HOST + RIGHT + END, 400),
    "two hosts": (LINE + RIGHT + "Host: evil.example\r\n" + END, 400),
    "two hosts, the foreign one first": (LINE + "Host: evil.example\r\n" + RIGHT + END, 400),
    "two hosts, other spelling": (LINE + RIGHT + "hOST: evil.example\r\n" + END, 400),
    "the token twice": (LINE + RIGHT + TOKEN + END, 400),
    "a wrong token and the right one": (LINE + HOST + "Authorization: x\r\n" + TOKEN + END, 400),
    "any header twice": (LINE + RIGHT + "Accept: a\r\nAccept: b\r\n" + END, 400),
    "both lengths": (LINE + RIGHT + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + END, 400),
    "both lengths, the other way": (LINE + RIGHT + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n" + END, 400),
    "chunked": (LINE + RIGHT + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + END, 400),
    "chunked, hidden": (LINE + RIGHT + "Transfer-Encoding: \tchunked\r\n\r\n0\r\n" + END, 400),
    "chunked, twice": (LINE + RIGHT + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" + END, 400),
    "another coding": (LINE + RIGHT + "Transfer-Encoding: gzip, chunked\r\n" + END, 400),
    "no coding": (LINE + RIGHT + "Transfer-Encoding:\r\n" + END, 400),
    "chunked after blanks": (LINE + RIGHT + "Transfer-Encoding : chunked\r\n" + END, 400),
    "chunked under an underscore": (LINE + RIGHT + "Transfer_Encoding: chunked\r\n" + END, 400),
    "the length twice": (LINE + RIGHT + "Content-Length: 0\r\nContent-Length: 0\r\n" + END, 400),
    "two lengths": (LINE + RIGHT + "Content-Length: 0\r\nContent-Length: 9\r\n" + END, 400),
    **{
        f"the length `{length}`": (LINE + RIGHT + f"Content-Length: {length}\r\n" + END, 400)
        for length in ("", "+0", "-0", "-1", "0x0", "0,0", "0, 0", "0 0", "1e1", "0.0", "1_0", "x", "0;", "9" * 16, '"0"')
    },
    "a body that is too long": (LINE + RIGHT + "Content-Length: 65537\r\n" + END, 413),
    "a body that is far too long": (LINE + RIGHT + "Content-Length: 999999999999999\r\n" + END, 413),
    "a body that is never sent": (LINE + RIGHT + "Content-Length: 65536\r\n" + END, 400),
    "a body": (LINE + RIGHT + "Content-Length: 5\r\n\r\nhello", 400),
    "a line feed alone ends the lines": ("GET /credentials HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\n\n", 400),
    "a line feed alone ends one line": (LINE + RIGHT + "A: b\nC: d\r\n" + END, 400),
    "a line feed alone ends the headers": (LINE + RIGHT + "\n", 400),
    "a carriage return alone ends a line": (LINE + RIGHT + "A: b\rC: d\r\n" + END, 400),
    "two carriage returns": (LINE + RIGHT.replace("\r\n", "\r\r\n") + END, 400),
    "a request hidden behind a line feed": (LINE + RIGHT + "A: b\n\nGET /credentials HTTP/1.1\r\n" + END, 400),
    "folded by a blank": (LINE + RIGHT + "A: b\r\n c\r\n" + END, 400),
    "folded by a tab": (LINE + RIGHT + "A: b\r\n\tc\r\n" + END, 400),
    "folded at once": (LINE + " A: b\r\n" + RIGHT + END, 400),
    "a folded host": (LINE + "Host:\r\n 127.0.0.1:{port}\r\n" + TOKEN + END, 400),
    "a folded token": (LINE + HOST + "Authorization:\r\n {token}\r\n" + END, 400),
    **{
        f"the byte {code:#04x} in {where}": (text.replace("@", chr(code)), 400)
        for code in (0x00, 0x01, 0x07, 0x08, 0x0B, 0x0C, 0x1B, 0x7F, 0x80, 0xA0, 0xFF)
        for where, text in (
            ("a value", LINE + RIGHT + "A: b@c\r\n" + END),
            ("a name", LINE + RIGHT + "A@: b\r\n" + END),
            ("the path", "GET /credentials@ HTTP/1.1\r\n" + RIGHT + END),
            ("the host", LINE + "Host: 127.0.0.1@:{port}\r\n" + TOKEN + END),
        )
    },
    "blank before the colon": (LINE + RIGHT + "A : b\r\n" + END, 400),
    "blank before the colon of the host": (LINE + "Host : 127.0.0.1:{port}\r\n" + TOKEN + END, 400),
    "no colon": (LINE + RIGHT + "A\r\n" + END, 400),
    "no name": (LINE + RIGHT + ": b\r\n" + END, 400),
    "a name in brackets": (LINE + RIGHT + "(A): b\r\n" + END, 400),
    "a name of two words": (LINE + RIGHT + "A B: c\r\n" + END, 400),
    "a name with an underscore": (LINE + RIGHT + "X_Forwarded_For: 1\r\n" + END, 400),
    "an absolute target": ("GET http://127.0.0.1:{port}/credentials HTTP/1.1\r\n" + RIGHT + END, 400),
    "an absolute target elsewhere": ("GET http://evil.example/credentials HTTP/1.1\r\n" + RIGHT + END, 400),
    "a target of another scheme": ("GET file:///etc/passwd HTTP/1.1\r\n" + RIGHT + END, 400),
    "an authority": ("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n" + RIGHT + END, 400),
    "an asterisk": ("OPTIONS * HTTP/1.1\r\n" + RIGHT + END, 400),
    "no slash": ("GET credentials HTTP/1.1\r\n" + RIGHT + END, 400),
    "no target": ("GET HTTP/1.1\r\n" + RIGHT + END, 400),
    "an empty target": ("GET  HTTP/1.1\r\n" + RIGHT + END, 400),
    "a blank in the target": ("GET /credentials x HTTP/1.1\r\n" + RIGHT + END, 400),
    "two blanks": ("GET  /credentials HTTP/1.1\r\n" + RIGHT + END, 400),
    "a tab between": ("GET\t/credentials HTTP/1.1\r\n" + RIGHT + END, 400),
    "a blank at the end": ("GET /credentials HTTP/1.1 \r\n" + RIGHT + END, 400),
    "a blank at the start": (" GET /credentials HTTP/1.1\r\n" + RIGHT + END, 400),
    "an empty line first": (END + LINE + RIGHT + END, 400),
    "empty lines only": (END * 3, 400),
    "no version": ("GET /credentials\r\n" + RIGHT + END, 400),
    **{
        f"the version `{version}`": (f"GET /credentials {version}\r\n" + RIGHT + END, 400)
        for version in (
            "HTTP/0.9", "HTTP/1.0", "HTTP/1.2", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/1.10", "HTTP/1.1.1", "http/1.1", "HTTP/1,1",
            "HTTP/", "HTTPS/1.1", "RTSP/1.0", "HTTP/01.1",
        )
    },
    "the preface of HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "the hello of TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a greeting of SSH": ("SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
    "a command of Redis": ("*1\r\n$4\r\nPING\r\n\r\n", 400),
    "a line of mail": ("EHLO evil.example\r\n\r\n", 400),
    "JSON": ('{{"command": "stop"}}\r\n\r\n', 400),
    "a method without end": ("A" * 33 + " /credentials HTTP/1.1\r\n" + RIGHT + END, 400),
    "a method of brackets": ("(GET) /credentials HTTP/1.1\r\n" + RIGHT + END, 400),
    "a header that is too long": (LINE + RIGHT + "A: " + "x" * 8_192 + "\r\n" + END, 431),
    "too many headers": (LINE + RIGHT + "".join(f"A{number}: b\r\n" for number in range(1_200)) + END, 431),
    "a target that is too long": ("GET /" + "x" * 8_192 + " HTTP/1.1\r\n" + RIGHT + END, 431),
    "a line without end": ("G" * 9_000, 431),
    "a token that is too long": (LINE + HOST + "Authorization: " + "x" * 8_192 + "\r\n" + END, 431),
}  # fmt: skip

OPTIONS = {
    "OPTIONS without a token": ("OPTIONS /credentials HTTP/1.1\r\n" + HOST + END, 405),
    "OPTIONS with the token": ("OPTIONS /credentials HTTP/1.1\r\n" + RIGHT + END, 405),
    "OPTIONS elsewhere": ("OPTIONS / HTTP/1.1\r\n" + RIGHT + END, 405),
    "a preflight": (
        "OPTIONS /credentials HTTP/1.1\r\n" + HOST + "Origin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n" + END, 405,
    ),
    "a preflight of a rebound name": ("OPTIONS /credentials HTTP/1.1\r\nHost: evil.example:{port}\r\n" + END, 403),
}  # fmt: skip

SOCKETS = {
    "a web socket": (
        LINE + RIGHT + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nOrigin: http://evil.example\r\n" + END, 403,
    ),
    "a form of another page": (
        "POST /credentials HTTP/1.1\r\n" + HOST + "Origin: http://evil.example\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", 403,
    ),
    "an image of another page": (
        LINE + HOST + "Referer: http://evil.example/\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: image\r\n" + END, 403,
    ),
    "a rebound name": (LINE + "Host: evil.example:{port}\r\n" + TOKEN + END, 403),
}  # fmt: skip


def rows(port: int, token: str) -> dict[str, tuple[bytes, int]]:
    """Give every request by its name, with the status it must get. Wrong tokens may get 429 instead of 403."""
    found = {name: (text, 200) for name, text in SERVED.items()}
    found |= {f"the host `{host}`": (LINE + f"Host: {host}\r\n" + TOKEN + END, 403) for host in FOREIGN}
    found |= {
        f"{name}: {value}": (LINE + RIGHT + f"{name}: {value}\r\n" + END, 403)
        for name, values in BESIDES.items()
        for value in values
    }
    found |= {
        f"the token `{given[:60]}`": (LINE + HOST + f"Authorization: {given}\r\n" + END, 403)
        for given in TOKENS
    }
    found["no token"] = (LINE + HOST + END, 403)
    found["the token in another header"] = (LINE + HOST + "X-Aws-Ec2-Metadata-Token: {token}\r\n" + END, 403)
    found["the token in the proxy's header"] = (LINE + HOST + "Proxy-Authorization: {token}\r\n" + END, 403)
    found["the token in the query alone"] = ("GET /credentials?token={token} HTTP/1.1\r\n" + HOST + END, 403)
    found |= {f"the path {path}": (f"GET {path} HTTP/1.1\r\n" + RIGHT + END, 404) for path in PATHS}
    found |= {
        f"the method {method}": (f"{method} /credentials HTTP/1.1\r\n" + RIGHT + END, 405)
        for method in METHODS
    }
    found |= FORM | OPTIONS | SOCKETS
    return {name: (_filled(text, port, token), status) for name, (text, status) in found.items()}


def _filled(text: str, port: int, token: str) -> bytes:
    return text.replace("{{", "{").replace("{port}", str(port)).replace("{token}", token).encode("latin-1")
