"""Samples of goods, handling units, customs declarations and pick lists; see `samples`."""

from __future__ import annotations

from label_templates.sample import Sample

_MUG = {
    "qty_each": 6,
    "description": "Stoneware mugs, glazed, 300 ml, for drinking tea and coffee",
    "net_weight_g": 1_450,
    "value_minor": 3_900,
    "hs_code": "691200",
    "origin": "CN",
}
_LANTERN = {
    "qty_each": 1,
    "description": "Lantern of painted iron, without electrics",
    "net_weight_g": 480,
    "value_minor": 1_295,
    "hs_code": "9405 50 00",
    "origin": "IN",
}
_STOPS = [
    {
        "location": "A03-07-2",
        "sku": "85123A",
        "name": "WHITE HANGING HEART",
        "qty_each": 6,
        "order": "575477",
        "position": 1,
    },
    {
        "location": "A03-09-1",
        "sku": "71053",
        "name": "WHITE METAL LANTERN",
        "qty_each": 12,
        "order": "575478",
        "position": 2,
    },
    {
        "location": "B01-02-4",
        "sku": "22423",
        "name": "REGENCY CAKESTAND",
        "qty_each": 1,
        "lot": "L-2011/11",
        "order": "575477",
    },
]

GOODS_SAMPLES: tuple[Sample, ...] = (
    Sample(
        "lot and expiry",
        "product",
        {
            "sku": "TEA-EARL-GREY-50",
            "name": "Earl Grey, 50 bags",
            "gtin": "9506000134352",
            "lot": "ABC123",
            "expiry_on": "2027-12-31",
        },
        ("01095060001343521727123110ABC123",),
    ),
    Sample(
        "longest",
        "product",
        {
            "sku": "W" * 60,
            "name": "Name of a product that somebody has written a whole sentence about, ^XZ~JA included " * 3,
            "gtin": "19506000134359",
            "lot": "W_%&'()*+,-./:;<=>?Z",
            "expiry_on": "2030-02-28",
            "serial": "MMMMMMMMMMWWWWWWWWWW",
        },
        ("01195060001343591730022810W_%&'()*+,-./:;<=>?Z\x1d21MMMMMMMMMMWWWWWWWWWW",),
    ),
    Sample(
        "gtin", "product", {"sku": "71053", "name": "WHITE METAL LANTERN", "gtin": "96385074"}, ("0100000096385074",)
    ),
    Sample(
        "own number",
        "product",
        {"sku": "85123A", "name": "WHITE HANGING HEART", "lot": "L7", "expiry_on": "2027-01-31", "serial": "S-1"},
        ("85123A",),
    ),
    Sample("longest number", "product", {"sku": "~_^>0>8-SKU-9876543210", "name": "x"}, ("~_^>0>8-SKU-9876543210",)),
    Sample(
        "china",
        "product",
        {"sku": "CUP-7", "name": "青花瓷茶杯（六件套）", "gtin": "6901234567892", "lot": "2026-09/A"},
        ("0106901234567892102026-09/A",),
        is_ascii=False,
    ),
    Sample(
        "pallet of one item",
        "lpn_a6",
        {
            "sscc": "006141411234567937",
            "ship_from": "Floorline Demo Warehouse",
            "name": "Earl Grey, 50 bags",
            "sku": "TEA-EARL-GREY-50",
            "gtin": "9506000134352",
            "qty_each": 480,
            "lot": "ABC123",
            "expiry_on": "2027-12-31",
            "reference": "ASN-4711",
        },
        ("00006141411234567937",),
    ),
    Sample(
        "korea",
        "lpn_a6",
        {"sscc": "006141411234567944", "ship_from": "서울 물류센터", "name": "녹차 티백 50개입", "reprint": 1},
        ("00006141411234567944",),
        is_ascii=False,
    ),
    Sample(
        "received",
        "lpn_4x6",
        {
            "sscc": "399999999999999993",
            "ship_from": "Floorline Demo Warehouse",
            "name": "WHITE METAL LANTERN",
            "sku": "71053",
            "qty_each": 48,
            "reference": "PO-2026-0815",
        },
        ("00399999999999999993",),
    ),
    Sample(
        "longest",
        "lpn_4x6",
        {
            "sscc": "006141411234567951",
            "ship_from": "W" * 90,
            "name": "Goods with a name that goes on and on ^FS^XZ " * 4,
            "sku": "W" * 60,
            "gtin": "19506000134359",
            "qty_each": 999_999_999,
            "lot": "WWWWWWWWWWWWWWWWWWWW",
            "expiry_on": "2030-02-28",
            "reference": "RECEIPT-2026-11-21-0000000000004711-NORTH",
            "reprint": 12,
        },
        ("00006141411234567951",),
    ),
    Sample(
        "gift",
        "cn22",
        {
            "category": "gift",
            "operator": "Parcel Post",
            "items": [{**_LANTERN, "hs_code": None, "origin": None}],
            "currency": "GBP",
            "signed_on": "2026-11-22",
            "signed_by": "A. Packer",
        },
        (),
    ),
    Sample(
        "sale",
        "cn22",
        {
            "category": "sale_of_goods",
            "items": [_MUG, _LANTERN],
            "currency": "GBP",
            "signed_on": "2026-11-22",
        },
        (),
    ),
    Sample(
        "longest",
        "cn22",
        {
            "category": "other",
            "explanation": "Repaired under warranty and sent back",
            "operator": "Designated Operator With A Long Name",
            "items": [
                {
                    **_MUG,
                    "net_weight_g": 400,
                    "value_minor": 999_999_999,
                    "hs_code": "6912002310",
                    "description": "W" * 300,
                },
                *({**_LANTERN, "net_weight_g": 400, "value_minor": place} for place in range(1, 5)),
            ],
            "currency": "JPY",
            "signed_on": "2026-11-22",
            "signed_by": "W" * 80,
        },
        (),
    ),
    Sample(
        "arabic and china",
        "cn22",
        {
            "category": "returned_goods",
            "operator": "Poste Écossaise",
            "items": [
                {**_MUG, "description": "أكواب خزفية لشرب الشاي"},
                {**_LANTERN, "description": "铁灯笼，不带电"},
            ],
            "currency": "KWD",
            "signed_on": "2026-11-22",
            "signed_by": "محمد العلي",
        },
        (),
        is_ascii=False,
    ),
    Sample(
        "plain",
        "pick_list",
        {"tour": "17", "cart": "0003", "picker": "Mo", "walk": "214 m", "barcode": "K-0003-7", "stops": _STOPS},
        ("K-0003-7",),
    ),
    Sample(
        "japan",
        "pick_list",
        {"tour": "18", "stops": [{**_STOPS[0], "name": "白いハートの吊り下げティーライトホルダー"}], "reprint": 1},
        (),
        is_ascii=False,
    ),
)
