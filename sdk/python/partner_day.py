"""A partner's day by native gRPC: a deal goes on sale, orders come on a stream, each is shipped, and the deal is closed.

    python partner_day.py https://api.kumiko.example tanaka key.pem 2

key.pem is the private key (ES256), whose public part an operator has added; the number is how many orders make a day. The stubs beside it come from the protos
that `npm run sdk` collects:

    pip install -r requirements.txt
    python -m grpc_tools.protoc -I protos --python_out=. --grpc_python_out=. $(find protos -name '*.proto')
"""

import json
import sys
import time
import urllib.parse
import urllib.request
import uuid

import grpc
import jwt
from google.rpc import error_details_pb2, status_pb2
from kumiko.partner.v1 import partner_pb2, partner_pb2_grpc


class Tokens:
    """Exchanges assertions (RFC 7523) for tokens, each kept until a minute before it expires."""

    def __init__(self, base_url, partner, key):
        self._endpoint = f"{base_url}/v1/partner/token"
        self._partner = partner
        self._key = key
        self._token = ""
        self._good_until = 0.0

    def metadata(self):
        if time.time() >= self._good_until:
            now = int(time.time())
            claims = {"iss": self._partner, "sub": self._partner, "aud": self._endpoint, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60}
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": jwt.encode(claims, self._key, algorithm="ES256"),
            }
            with urllib.request.urlopen(self._endpoint, urllib.parse.urlencode(form).encode()) as response:
                answer = json.load(response)
            self._token = answer["access_token"]
            self._good_until = time.time() + answer["expires_in"] - 60
        return (("authorization", f"Bearer {self._token}"),)


def reason_of(error):
    """google.rpc.ErrorInfo.reason of an error: what to decide by. Empty where the gateway answered by itself."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return info.reason
    return ""


def main(base_url, partner, key_file, count):
    with open(key_file, encoding="utf-8") as file:
        tokens = Tokens(base_url, partner, file.read())
    url = urllib.parse.urlsplit(base_url)
    channel = grpc.insecure_channel(url.netloc) if url.scheme == "http" else grpc.secure_channel(url.netloc, grpc.ssl_channel_credentials())
    api = partner_pb2_grpc.PartnerServiceStub(channel)

    deal = partner_pb2.Deal(title="Hand-forged knife", group_size=2, stock=10, sku="KNIFE-165")
    deal.price.currency_code, deal.price.units = "JPY", 12_000
    request = partner_pb2.CreateDealRequest(deal=deal, request_id=str(uuid.uuid4()))
    name = api.CreateDeal(request, metadata=tokens.metadata(), timeout=10).name
    api.PublishDeal(partner_pb2.PublishDealRequest(name=name), metadata=tokens.metadata(), timeout=10)
    print(f"on sale    {name}", flush=True)

    shipped, resume_token = 0, ""
    while shipped < count:
        stream = api.WatchOrders(partner_pb2.WatchOrdersRequest(resume_token=resume_token), metadata=tokens.metadata())
        try:
            for message in stream:
                resume_token = message.resume_token
                order = message.order
                if order.deal != name or order.state != partner_pb2.Order.STATE_TO_SHIP:
                    continue
                ship = partner_pb2.ShipOrderRequest(name=order.name, carrier="hayabusa", tracking_number=f"T-{uuid.uuid4().hex[:8]}")
                try:
                    api.ShipOrder(ship, metadata=tokens.metadata(), timeout=10)
                    print(f"shipped    {order.name} to {order.ship_to.locality}", flush=True)
                    shipped += 1
                except grpc.RpcError as error:
                    if reason_of(error) != "ORDER_CANCELLED":
                        raise
                    print(f"left out   {order.name}: {error.details()}", flush=True)
                if shipped == count:
                    stream.cancel()
                    break
        except grpc.RpcError as error:
            # A stream ends now and then: it goes on where it was. What has a reason is no passing trouble.
            if reason_of(error) != "":
                raise
            time.sleep(1)
    api.CloseDeal(partner_pb2.CloseDealRequest(name=name), metadata=tokens.metadata(), timeout=10)
    print(f"closed     {name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
