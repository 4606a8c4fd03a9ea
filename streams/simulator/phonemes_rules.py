"""Letter-to-sound rules for English, by letter, the first that fits wins; and words that follow no rule.

A rule is written `before<letters>after=phonemes`. Before and after are regular expressions and may be empty; `^` and
`$` are the word's ends. Phonemes are the characters of `phonemes.PHONEMES`.
"""

import re
from typing import Final

Rule = tuple[str, re.Pattern[str] | None, re.Pattern[str] | None, str]

_RULES: Final = r"""
<augh>t=O <aigh>=A <air>=Er <ai>=A <ay>=A <auto>=Oto <au>=O <aw>=O
<alk>=Ok <all>$=Ol <all>=al <al>(?:t|d|m)=Ol <are>$=Er w<ar>=Or <ar>r=ar <ar>(?:[^aeiou]|$)=Qr
(?:w|qu|wh)<a>(?:t|s|n|l|d|sh)=Q <ate>$=At <age>$=Aj <a>(?:tion|cian|sion)=A <ae>=i
<a>(?:[bcdfgklmnpstvz]|st)(?:e|es|ed|er|ers|ing|y)$=A <a>$=@ ^<a>(?:b|g|l|m|r|w)[aeou]=@ <a>=a
<bb>=b m<b>$= <b>t$= <b>=b
<ch>(?:r|l)=k <tch>=C <ch>=C <cc>(?:e|i)=ks <cc>=k <ck>=k <c>(?:ia|io|ea)=S <c>(?:e|i|y)=s <c>=k
<dd>=d <dge>=j <d>u=d <d>=d
<eigh>=A <eir>=Er <ei>=i <ey>$=i <ey>=A <eer>=Ir <ee>=i <ear>(?:n|l|th|ch)=R <ear>=Ir <ea>(?:d|th|l?th|v|s?ur)=E
<ea>=i
<eau>=o <eur>=R <eu>=u <ew>=u <ere>$=Ir <err>=Er <er>(?:[aeiou])=Er <er>=R ^<e>(?:[xvlmn])=E
<e>(?:[bcdfgklmnpstvz])(?:e|es)$=i
^[bcdfghjklmnprstvwyz]+<e>$=i
(?:s|z|x|ch|sh|c|g|dg)<es>$=Iz <es>$=z (?:t|d)<ed>$=Id (?:p|k|f|s|x|ch|sh|c)<ed>$=t <ed>$=d <e>$=
<e>(?:ly|ment|ful|less)$= <e>=E
<ff>=f <f>=f
^<gn>=n <gn>$=n <gh>(?:t|$)= ^<gh>=g <gg>=g <g>(?:e|i|y)=j <gu>(?:e|i)=g <g>=g
<h>(?:[^aeiouy]|$)= <h>=h
<igh>=Y <ign>$=Yn <ier>$=iR <ie>$=Y <ie>=i <ir>(?:[^aeiou]|$)=R <ire>$=YR <ild>$=Yld <ind>$=Ynd
<i>(?:[bcdfgklmnpstvz]|st|bl|tl)(?:e|es|ed|er|ers|ing)$=Y <ique>$=ik <io>n=@ <ia>=i@ <i>$=i <i>=I
<j>=j
^<kn>=n <kk>=k <k>=k
<ll>=l <lk>$=k <l>=l
<mm>=m <mn>$=m <m>=m
<nn>=n <ng>(?:$|s|th|e?r$|ing)=N <ng>=Ng <n>(?:k|x|q)=N <n>=n
<oa>=o <oar>=Or <oo>(?:k|d$)=U <oor>=Or <oo>=u <ough>t=O <ough>$=o <ou>(?:ld)=U <our>$=Or <ous>$=@s <oup>=up <ou>=W
<ow>$=o <own>$=Wn <ow>=W <oy>=J <oi>=J <ore>$=Or w<or>(?:[^ae]|$)=R <or>=Or <oe>=o <old>$=old <ol>l$=ol <olk>$=ok
<o>(?:[bcdfgklmnpstvz]|st)(?:e|es|ed|er|ers|ing|y)$=o <on>$=@n <o>$=o <o>(?:[aeiou])=o
<o>(?:[bcdfgklmnprstvz][aeiouy])=o <o>=Q
<ph>=f ^<ps>=s <pp>=p <p>=p
<que>$=k <qu>=kw <q>=k
<rh>=r <rr>=r <r>=r
<sch>=sk <sh>=S <ssion>=S@n <ss>=s <sc>(?:e|i|y)=s [aeiou]<sion>=Z@n <sion>=S@n [aeiou]<s>(?:e|es|ing|ed|y)$=z
[bdgvmnlrwaeiouy]<s>$=z <sure>$=ZR <s>=s
<tch>=C <tion>=S@n <tia>=S@ <ture>s?$=CR <the>$=D <ther>=DR <th>=T <tt>=t <t>=t
<ue>$=u <ui>=u <uy>=Y <ur>(?:[^aeiou]|$)=R <ure>$=yUr ^<u>(?:n[^i]|[^n][^aeiou]|p)=V ^<u>=yu
(?:r|l|j|s|ch)<u>(?:[bcdfgklmnpstvz])(?:e|es|ed|er|ing)$=u
<u>(?:[bcdfgklmnpstvz])(?:e|es|ed|er|ing|ic)$=yu <u>(?:[bcdfgklmnpstvz])(?:a|o|u|i)=u <ull>$=Ul q<u>=w <u>$=u <u>=V
<v>=v
^<wr>=r ^<who>=hu <wh>=w <w>(?:[aeiouy])=w <w>=
^<x>=z <x>=ks
^<y>(?:[aeiou])=y ^[^aeiouy]+<y>$=Y <y>(?:[bcdfgklmnpstvz])e=Y <y>$=i <y>(?:[aeo])=y <y>=I
<zz>=z <z>=z
"""

_IRREGULAR: Final = """
a=@ the=D@ of=Vv to=tu two=tu too=tu do=du does=dVz done=dVn one=wVn once=wVns none=nVn you=yu your=yOr youre=yOr
are=Qr were=wR was=wVz is=Iz his=hIz has=haz as=az have=hav give=gIv live=lIv love=lVv some=sVm come=kVm from=frVm
what=wVt who=hu whose=huz where=wEr there=DEr their=DEr theyre=DEr they=DA this=DIs that=Dat these=Diz those=Doz
than=Dan then=DEn them=DEm i=Y im=Ym ill=Yl my=mY by=bY be=bi been=bIn being=biIN me=mi he=hi she=Si we=wi said=sEd
says=sEz any=Eni many=mEni again=@gEn people=pip@l because=bIkVz could=kUd would=wUd should=SUd eye=Y eyes=Yz four=fOr
for=fOr fourteen=fOrtin forty=fOrti eight=At eighty=Ati eighteen=Atin zero=zIro seven=sEv@n eleven=IlEv@n twelve=twElv
twenty=twEnti music=myuzIk movie=muvi video=vIdio audio=Odio radio=rAdio book=bUk good=gUd put=pUt full=fUl pull=pUl
push=pUS into=Intu only=onli open=op@n oven=Vv@n over=ovR other=VDR another=@nVDR mother=mVDR brother=brVDR
father=fQDR water=wOtR want=wQnt wants=wQnts off=Of on=Qn know=no no=no not=nQt now=nW new=nu island=Yl@nd answer=ansR
heart=hQrt head=hEd heard=hRd hour=WR our=WR hours=WRz half=haf call=kOl calls=kOlz stop=stQp yes=yEs schedule=skEjul
chef=SEf machine=m@Sin ocean=oS@n sugar=SUgR sure=SUr friend=frEnd friends=frEndz month=mVnT monday=mVndA
tuesday=tuzdA wednesday=wEnzdA thursday=TRzdA friday=frYdA saturday=satRdA sunday=sVndA minute=mIn@t minutes=mIn@ts
second=sEk@nd seconds=sEk@ndz temperature=tEmpRCR house=hWs home=hom phone=fon tomorrow=t@mQro today=t@dA
tonight=t@nYt wolf=wUlf woman=wUm@n women=wIm@n world=wRld work=wRk word=wRd blood=blVd door=dOr floor=flOr young=yVN
country=kVntri cousin=kVz@n double=dVb@l trouble=trVb@l enough=InVf through=Tru though=Do rough=rVf busy=bIzi
business=bIzn@s beautiful=byut@f@l piano=piano guitar=gItQr giant=jY@nt lion=lY@n quiet=kwY@t science=sY@ns
violet=vY@l@t violin=vY@lIn river=rIvR never=nEvR ever=EvR every=Evri very=vEri city=sIti pity=pIti body=bQdi
copy=kQpi model=mQd@l level=lEv@l travel=trav@l having=havIN coming=kVmIN
"""


def _compiled(pattern: str, *, end: bool) -> re.Pattern[str] | None:
    return re.compile(f"(?:{pattern})$" if end else pattern) if pattern else None


def _read(written: str) -> Rule:
    pattern, _, phonemes = written.rpartition("=")
    before, _, rest = pattern.partition("<")
    letters, _, after = rest.partition(">")
    return letters, _compiled(before, end=True), _compiled(after, end=False), phonemes


def _by_letter() -> dict[str, tuple[Rule, ...]]:
    rules: dict[str, list[Rule]] = {}
    for written in _RULES.split():
        rule = _read(written)
        rules.setdefault(rule[0][0], []).append(rule)
    return {letter: tuple(fitting) for letter, fitting in rules.items()}


RULES: Final = _by_letter()
"""First letter -> (letters, what must stand before, what must stand after, phonemes)."""

IRREGULAR: Final = {word: sounds for word, _, sounds in (entry.partition("=") for entry in _IRREGULAR.split())}
"""Word -> phonemes."""
