"""The two ways into the played organisation, as they look on the wire."""

import re
from base64 import b64decode
from xml.sax.saxutils import unescape

from sandbox.kit import Reply, Request

CONSUMER = ("sandbox-consumer-key", "sandbox-consumer-secret")
LOGIN = ("hub@acme.test", "sandbox-password" + "sandbox-token")  # the security token is part of the password
INSTANCE = "acme.my.salesforce.com"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)
FAULT = (
    "<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode><detail><sf:LoginFault>"
    "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode><sf:exceptionMessage>Invalid username, password, "
    "security token; or user locked out.</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>"
)
XML = "text/xml; charset=utf-8"


def consumer_of(request: Request) -> tuple[str, str]:
    """The consumer's key and secret, from the header or the form."""
    scheme, _, basic = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        key, _, secret = b64decode(basic).decode().partition(":")
        return key, secret
    form = request.form()
    return form.get("client_id", ""), form.get("client_secret", "")


def soap_login_of(request: Request) -> tuple[str, ...]:
    """User name and password of a SOAP log-in."""
    text = request.body.decode("utf-8", "replace")
    found = (re.search(rf"<[\w:]*{tag}>([^<]*)<", text) for tag in ("username", "password"))
    return tuple(unescape(match[1]) if match else "" for match in found)


def soap_answer(session_id: str, rest: str) -> Reply:
    """A session, and the server to use it on."""
    server = f"<serverUrl>https://{INSTANCE}/services/Soap/u/{rest}</serverUrl>"
    result = f"<loginResponse><result>{server}<sessionId>{session_id}</sessionId></result></loginResponse>"
    return Reply.text(ENVELOPE.format(result), content_type=XML)


def soap_fault() -> Reply:
    """A refused log-in, which SOAP says with a 500."""
    return Reply.text(ENVELOPE.format(FAULT), status=500, content_type=XML)
