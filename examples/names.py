"""Invented people's names, from many languages, drawn without a look at what they will stand beside."""

from __future__ import annotations

import random


def _names_in(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _names_in(
    """
    Ada Aiko Aiden Alma Amara Amina Ana Anders Aniela Arjun Asha Astrid Ayo Baraka Bea Bilal Bruno Cai Camila
    Carmen Chidi Clara Dalia Dara Dewi Diego Dina Ebo Efe Eli Elif Emeka Emil Enzo Esi Eva Fadi Farah Femi Finn
    Freya Goran Gus Hadi Hana Hassan Henrik Hugo Ida Ines Ingrid Iris Isko Ivan Jada Jae Jamal Jin Jonas Jorge
    Juno Kai Kalani Kamal Karim Kenji Kofi Lan Lars Leila Lena Leo Lin Liv Lola Luca Lucia Maia Malik Marek Mateo
    Maya Mei Milan Mina Mira Nadia Naveen Nia Nico Nina Noa Noor Olga Omar Oona Oscar Paolo Pia Priya Quang Rafa
    Rana Ravi Remy Rosa Ruth Sami Sana Sanjay Sara Selam Sina Sofia Soren Suda Tala Tariq Tess Thabo Theo Tomas
    Tuan Uma Vera Viktor Wanjiru Wei Wren Yara Yusuf Zainab Zara Zoe Zuri
    """
)

FAMILY = _names_in(
    """
    Abdi Adeyemi Aguilar Andersen Bakker Banerjee Baptiste Beck Bianchi Boateng Castillo Chang Cohen Danso Diallo
    Dvorak Eriksen Farouk Fischer Flores Fontaine Garcia Gebre Georgiou Gupta Haile Hansen Hoang Horvat Ibrahim
    Ito Jansen Jimenez Kamara Kaplan Kim Kowalski Kumar Laine Lopez Lund Mahlaba Marino Mbeki Mendes Mensah Mori
    Nasser Nguyen Nkosi Novak Nowak Oduya Okoye Olsen Ortiz Osei Park Petrov Pham Popescu Quispe Rahman Ramos
    Reyes Ricci Rosen Roux Saito Salas Santos Sato Schmid Shah Silva Singh Soto Suzuki Tan Torres Traore Tran Ueda
    Usman Vargas Virtanen Vogel Walker Wang Weiss Wood Yamada Yilmaz Young Zhang Ziegler
    """
)


def draw_names(dice: random.Random) -> dict[str, str]:
    """Return three different first names for the slots A, B and C of a task."""
    return dict(zip("ABC", dice.sample(FIRST, 3), strict=True))


def draw_people(dice: random.Random, *, count: int) -> list[tuple[str, str]]:
    """Return `count` different (first name, family name) pairs."""
    people: dict[tuple[str, str], None] = {}
    while len(people) < count:
        people[dice.choice(FIRST), dice.choice(FAMILY)] = None
    return list(people)
