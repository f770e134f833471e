"""Files of other programs, small enough to stand here, and what those programs say of them."""

from __future__ import annotations

import base64
import zlib

# fastText 0.9.2, skipgram, minn 2, maxn 3, dim 4, bucket 10; then its input matrix, of which so
# small a training fills a tenth, was replaced by random numbers, and the file loaded again.
FASTTEXT = zlib.decompress(
    base64.b64decode(
        "eNrbJeavz8PAwMACxKxAzAjFMDYTFHNBaWYgTgFiXWeZ14/MpOxZoWpBgBtK/4eCkoxUsHowsNEvtkPwkhNLwMaB"
        "wZuWOW9m7UDwU/LTwXZDAD+UZoHSZ8/47D/8dcV+BoaGfbZc1+1aX0+0X+f+0PbsGZ79IuvcgeIO9tcXX7AvtO2y"
        "W1Iwd3//odL9Z8+csQfqA/Lv7ue6vnjvw6op+9e5K+73ePhrX/8hU6A8jz1Q3V5bLvH9ra8v2j2sCrEH0vt3yLXu"
        "83hYtb9aRG/fDrmlIL02XNeV986aOXNfWlobyNx98q3dQPl1QPMS7apF+oD2TbV/E2hhD3TqAZAbzp7pAYp9Bemz"
        "Ddrxb798a/Y+kLlA++xtuabvX1Jgaw9SA/QT0D/h+2fN3Am0W9BevlXaAajHHh68LAy0AQDiiZGj"
    )
)
FASTTEXT_WORDS = {
    "the": [-0.21875, 0.14999999105930328, -0.13249997794628143, -0.29249998927116394],
    "</s>": [1.1399999856948853, 0.10999999940395355, -0.550000011920929, -0.7799999713897705],
    "cat": [0.011249974370002747, 0.4412499964237213, -0.7024999856948853, -0.7612499594688416],
    "서울": [0.25333333015441895, 0.5516667366027832, -0.9216666221618652, -0.5049999952316284],
    "dog": [-0.13375002145767212, -0.07374999672174454, -0.9075000286102295, -0.4350000023841858],
}
FASTTEXT_COUNTS = [3, 3, 2, 2, 1]
FASTTEXT_OTHERS = {
    "cats": [-0.15333335101604462, 0.007777777034789324, -0.6377777457237244, -0.6600000262260437],
    "서울시": [-0.06857143342494965, 0.5642856955528259, -0.8257142901420593, -0.49714285135269165],
    "x": [0.04666666314005852, 0.08999999612569809, -0.5766667127609253, -0.6133333444595337],
    "a": [-0.8400000333786011, 0.3766666650772095, -0.02666666731238365, -1.0566667318344116],
    "": [-0.23000000417232513, -0.25999999046325684, 0.9599999785423279, -1.1799999475479126],
}
FASTTEXT_ROWS = {  # of the input matrix; the first 5 are those of words
    "the": [0, 6, 6, 14, 5, 9, 5, 5],
    "</s>": [1],
    "cat": [2, 7, 12, 10, 6, 11, 11, 10],
    "서울": [3, 6, 10, 10, 8, 12],
    "dog": [4, 10, 7, 7, 12, 10, 8, 11],
    "cats": [7, 12, 10, 6, 11, 6, 9, 13, 5],
    "서울시": [6, 10, 10, 5, 11, 5, 5],
    "x": [8, 12, 6],
    "a": [5, 5, 11],
    "": [12],
}

# gensim 4.4 with NumPy 2.4: Word2Vec.wv.save.
GENSIM = zlib.decompress(
    base64.b64decode(
        "eNqFU89rE0EU3jSJTdOIFWspBWG9SEqbJdmmSRpKFHMQuzagSC+2DJvdSXbo/mJ3NiaKUMFfxQHRjoeKSK+evYho"
        "DuJNPAn+Bd4sCP4D+nbTVihFB94Ob+a9933vzbcbiedjCSFabKqNbZ9YkuXo2PSlddzDegdr1PF8zjJK6K7suVt8"
        "+i6/w7NsdBCAfHILcyXOMsTWcRdRB0E6X4OImMZZrAmmgumcHdu993L3xVuOWdrGXYqiBK4ILAMZYeLgAIobKUUw"
        "RpSYkVaGjFElbmSURMCGDyhN2IHl9iSkOR6WrMCkRPU8tQdckYc1x/apF2gUuLJkFMnZsK0PQrYA8D6vA6+H/BrP"
        "KjElqcQfcGOcJXXac3GYNNQq8s1Hg/s4iy3yRqOx9BtW9FEEypub9cXP+Nn7aim5+KUs1Z583a4tvn7V/1H2+99+"
        "rtZWL27X3nya6Zuu0F/5frt2Yebqh5GPU/3ld6i2c/lcn0MJ4OZ4ls8bLIW7rmrrjh8NNqk5gU25ccqYCKkakwdE"
        "wTnDhkjlLznj7FHUsuODdxUO7+lDe0Qj7auWa2KY/j9Ag+L/QMdnYuWT+/Y49msytBAgYBlLdVsEIFyVGtDv8b2H"
        "RKajrbeOAI2BI27WQZ4b5yOOYyZpYa2nQQ3cwTb1QWDhrE60bNXCCGRowABNzNnIekcaqJlDZ9hVPZViExSQaDh2"
        "eA9nyCQWoXxJEHYEdoy04R0wzz7lLKVDMCUWxE3JebmUKxRysnxdlqvzcrVQkcrlcqWYByXvIySLUlEKD9weNRyb"
        "s8KcVChIZTFrqcSeFZfVniguiGGtWTFfrs7NV+X5afHGpXpdLMiSLOXXANU1VdoCLXA2c4XYQTdXkgCsWMy1tFyn"
        "VFrIdSslVCrmbhJq5NomaWqyNFcC9GgWgO6rHWK3eaCyFEKR4sMBhY6vkT0njdCgUz1yT6PwVwk8n3QwgnxsOmp0"
        "EzSlPzH2gjY="
    )
)
GENSIM_WORDS = ["c", "b", "a", "d", "서울"]
GENSIM_COUNTS = [20, 20, 20, 10, 10]
GENSIM_VECTORS = [
    [-0.01787080429494381, 0.008130604401230812, 0.1701347380876541],
    [0.3004421889781952, -0.3098849058151245, -0.23751799762248993],
    [0.21575865149497986, 0.29933440685272217, -0.1677425354719162],
    [-0.12542885541915894, 0.24598821997642517, -0.05106663703918457],
    [-0.151130810379982, 0.21848411858081818, -0.16239023208618164],
]
