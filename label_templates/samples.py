"""One set of fields and more for every template, with what a scanner must read from the label.

Owns the examples that the golden files and the read-back test are made from, and that a preview shows.
The samples of goods, handling units, customs and pick lists are in `samples_goods`.
"""

from __future__ import annotations

from label_templates.sample import Sample
from label_templates.samples_goods import GOODS_SAMPLES

__all__ = ["SAMPLES", "Sample"]


_FLOOR = {
    "name": "Floorline Demo Warehouse",
    "address1": "Unit 4, Dock Road",
    "city": "Felixstowe",
    "postcode": "IP11 3SY",
    "country": "United Kingdom",
}
_HOME = {
    "name": "Ada Lovelace",
    "address1": "12 St James's Square",
    "address2": "Flat 3",
    "city": "London",
    "region": "Greater London",
    "postcode": "SW1Y 4JH",
    "country": "United Kingdom",
    "phone": "+44 20 7946 0018",
}
_TOKYO = {
    "name": "山田 太郎",
    "address1": "千代田区丸の内1丁目9番1号",
    "city": "東京都",
    "postcode": "100-0005",
    "country": "日本",
}
_TRICKY = {
    "name": "^XZ~JA Söhne & Co_5E",
    "address1": "Größe 7 > 5 \\& ~DGR:X",
    "address2": 'c/o "René" ^FDx^FS',
    "city": "Kraków",
    "postcode": "30-001",
    "country": "Polska",
}
_LINES = [
    {"sku": "85123A", "name": "WHITE HANGING HEART T-LIGHT HOLDER", "qty_each": 6},
    {"sku": "71053", "name": "WHITE METAL LANTERN", "qty_each": 12},
    {"sku": "84406B", "name": "CREAM CUPID HEARTS COAT HANGER", "qty_each": 1},
]
_PARCELS = [
    {"parcel": "006141411234567890", "order": "575477", "weight_g": 1250},
    {"parcel": "006141411234567906", "order": "575478", "weight_g": 12040},
    {"parcel": "006141411234567913", "order": "575490"},
]

SAMPLES: tuple[Sample, ...] = (
    Sample(
        "domestic",
        "shipping_4x6",
        {
            "ship_from": _FLOOR,
            "ship_to": _HOME,
            "carrier": "Parcel Post",
            "service": "Tracked 48",
            "order": "575477",
            "parcel_n": 1,
            "parcels": 2,
            "weight_g": 1250,
            "sscc": "006141411234567890",
        },
        ("00006141411234567890",),
    ),
    Sample(
        "reprint",
        "shipping_4x6",
        {
            "ship_from": _FLOOR,
            "ship_to": {**_HOME, "name": "A" * 120, "address1": "W" * 90, "region": None},
            "carrier": "Carrier With A Very Long Registered Company Name GmbH & Co. KG",
            "order": "ORDER-2011-11-14-0000000575477",
            "parcel_n": 3,
            "sscc": "399999999999999993",
            "reprint": 2,
            "job": "#4711",
        },
        ("00399999999999999993",),
    ),
    Sample(
        "japan",
        "shipping_4x6",
        {
            "ship_from": _FLOOR,
            "ship_to": _TOKYO,
            "carrier": "国際小包",
            "order": "575478",
            "parcel_n": 1,
            "weight_g": 480,
            "sscc": "006141411234567906",
        },
        ("00006141411234567906",),
        is_ascii=False,
    ),
    Sample(
        "tricky",
        "shipping_4x6",
        {
            "ship_from": _TRICKY,
            "ship_to": _TRICKY,
            "carrier": "~JR ^XA",
            "service": "^PQ99",
            "order": "_5E_5E^FS",
            "parcel_n": 1,
            "sscc": "006141411234567913",
        },
        ("00006141411234567913",),
        is_ascii=False,
    ),
    Sample(
        "pick face",
        "location",
        {"location": "A03-07-2", "barcode": "L-A03-07-2-X", "kind": "PICK", "arrow": "up"},
        ("L-A03-07-2-X",),
    ),
    Sample(
        "longest",
        "location",
        {"location": "STAGING-NORTH-01", "barcode": "L-STAGING-NORTH-01-LANE-04-Z", "arrow": "down"},
        ("L-STAGING-NORTH-01-LANE-04-Z",),
    ),
    Sample(
        "symbols",
        "location",
        {"location": "^XZ", "barcode": "!\"#$%&'()*+,-./:;<=>?@[\\]"},
        ("!\"#$%&'()*+,-./:;<=>?@[\\]",),
    ),
    Sample(
        "more symbols",
        "location",
        {"location": "~JA", "barcode": "^_`az{|}~>0>;>>"},
        ("^_`az{|}~>0>;>>",),
    ),
    Sample("tote", "tote", {"tote": "T-000123", "barcode": "T-000123-K"}, ("T-000123-K",)),
    Sample("longest", "tote", {"tote": "T-999999", "barcode": "T-99999999999999-K"}, ("T-99999999999999-K",)),
    Sample(
        "received",
        "pallet_4x6",
        {
            "warehouse": "Floorline Demo Warehouse",
            "reference": "ASN-4711",
            "party": "Potter & Sons",
            "day": "2026-11-21",
            "sscc": "006141411234567920",
        },
        ("00006141411234567920",),
    ),
    Sample(
        "longest",
        "pallet_4x6",
        {
            "warehouse": "W" * 80,
            "reference": "RECEIPT-2026-11-21-0000000000004711-NORTH",
            "party": "Supplier With A Very Long Registered Company Name GmbH & Co. KG ^XZ",
            "day": "2026-11-21",
            "sscc": "399999999999999993",
            "reprint": 3,
        },
        ("00399999999999999993",),
    ),
    Sample(
        "plain",
        "packing_slip",
        {
            "order": "575477",
            "ordered_on": "14 November 2011",
            "parcel": "006141411234567890",
            "parcel_n": 1,
            "ship_from": _FLOOR,
            "ship_to": _HOME,
            "lines": _LINES,
            "later_lines": [{"sku": "22423", "name": "REGENCY CAKESTAND 3 TIER", "qty_each": 2}],
            "barcode": "O-575477-8",
            "note": "Thank you for your order.",
        },
        ("O-575477-8",),
    ),
    Sample(
        "japan",
        "packing_slip",
        {
            "order": "575478",
            "parcel": "006141411234567906",
            "parcel_n": 1,
            "ship_to": _TOKYO,
            "lines": [{"sku": "85123A", "name": "白いハートの吊り下げティーライトホルダー", "qty_each": 6}],
            "barcode": "O-575478-A",
            "note": "ご注文ありがとうございました。",
            "reprint": 1,
        },
        ("O-575478-A",),
        is_ascii=False,
    ),
    Sample(
        "plain",
        "manifest",
        {
            "manifest": "M-000017",
            "barcode": "M-000017-4",
            "carrier": "Parcel Post",
            "closed_on": "14 November 2011 16:30",
            "ship_from": _FLOOR,
            "parcels": _PARCELS,
        },
        ("M-000017-4",),
    ),
    *GOODS_SAMPLES,
)
