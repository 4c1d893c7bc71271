#!/usr/bin/env python3
"""Author an offline San Francisco basemap from survey facts.

Inputs: none.  Everything below is written by hand: anchor intersections, the
two 1839-1856 survey modules (50-vara blocks 275x412.5 ft + 68.75 ft streets
north of Market; 100-vara blocks 550x825 ft + 82.5 ft streets south of it), the
Mission / Richmond / Sunset / Potrero grids, shoreline, parks, freeways.
Output: services/frontend/web/src/basemap.geojson (WGS84, 5 decimals), or the
file named as argument.  Needs shapely (Debian: python3-shapely).  Measured
against the city's centrelines by street name, downtown is off by 14 m in the
median; streets that were off by hundreds of metres are left out.

    /usr/bin/python3 scripts/basemap/make_basemap.py
"""
import gzip, json, math, os, sys
from shapely.geometry import LineString, Polygon, MultiPolygon, Point, box, mapping
from shapely.ops import unary_union, linemerge

LAT0 = 37.78
KX, KY = math.cos(math.radians(LAT0)) * 111320, 110990
feats = []

class Frame:
    """Rotated metric frame: x to the street-grid 'east', y to grid 'north'."""
    def __init__(s, lat, lon, deg):      # deg: counter-clockwise tilt of the x axis
        s.lat, s.lon, s.c, s.s = lat, lon, math.cos(math.radians(deg)), math.sin(math.radians(deg))
    def ll(s, x, y):
        e, n = x * s.c - y * s.s, x * s.s + y * s.c
        return (s.lon + e / KX, s.lat + n / KY)
    def xy(s, lat, lon):
        e, n = (lon - s.lon) * KX, (lat - s.lat) * KY
        return (e * s.c + n * s.s, -e * s.s + n * s.c)

def L(*pts):                       # (lat,lon) -> (lon,lat)
    return [(b, a) for a, b in pts]

# ---------------------------------------------------------------- shoreline
SF = Polygon(L(
 (37.7000,-122.5010),(37.7080,-122.5022),(37.7140,-122.5035),(37.7215,-122.5053),(37.7290,-122.5066),(37.7353,-122.5075),
 (37.7417,-122.5081),(37.7530,-122.5092),(37.7640,-122.5108),(37.7713,-122.5117),(37.7752,-122.5121),(37.7780,-122.5132),
 (37.7790,-122.5145),(37.7808,-122.5146),(37.7828,-122.5128),(37.7838,-122.5105),(37.7860,-122.5082),(37.7878,-122.5062),
 (37.7884,-122.5025),(37.7879,-122.4980),(37.7882,-122.4945),(37.7872,-122.4928),(37.7884,-122.4909),(37.7882,-122.4890),
 (37.7896,-122.4868),(37.7903,-122.4846),(37.7940,-122.4832),(37.7985,-122.4810),(37.8010,-122.4800),(37.8040,-122.4792),
 (37.8075,-122.4782),(37.8103,-122.4774),(37.8108,-122.4768),(37.8095,-122.4745),(37.8077,-122.4708),(37.8066,-122.4672),
 (37.8060,-122.4625),(37.8060,-122.4560),(37.8064,-122.4505),(37.8068,-122.4476),(37.8076,-122.4470),(37.8080,-122.4425),
 (37.8073,-122.4424),(37.8069,-122.4452),(37.8062,-122.4454),(37.8065,-122.4420),(37.8073,-122.4405),(37.8071,-122.4350),
 (37.8056,-122.4348),(37.8055,-122.4330),(37.8064,-122.4322),(37.8060,-122.4313),(37.8076,-122.4308),(37.8079,-122.4280),
 (37.8091,-122.4273),(37.8097,-122.4262),(37.8089,-122.4250),(37.8068,-122.4240),(37.8065,-122.4223),(37.8072,-122.4208),
 (37.8080,-122.4203),(37.8083,-122.4180),(37.8088,-122.4165),(37.8090,-122.4140),(37.8086,-122.4105),(37.8079,-122.4070),
 (37.8067,-122.4047),(37.8053,-122.4030),(37.8035,-122.4011),(37.8014,-122.3993),(37.7996,-122.3978),(37.7978,-122.3961),
 (37.7966,-122.3947),(37.7956,-122.3930),(37.7944,-122.3921),(37.7930,-122.3911),(37.7912,-122.3893),(37.7896,-122.3881),
 (37.7878,-122.3874),(37.7845,-122.3877),(37.7826,-122.3880),(37.7808,-122.3884),(37.7785,-122.3879),(37.7774,-122.3887),
 (37.7767,-122.3901),(37.7753,-122.3925),(37.7738,-122.3948),(37.7718,-122.3977),(37.7713,-122.3972),(37.7734,-122.3942),(37.7748,-122.3919),
 (37.7762,-122.3894),(37.7762,-122.3880),(37.7747,-122.3874),(37.7733,-122.3872),(37.7712,-122.3866),(37.7690,-122.3858),(37.7668,-122.3853),
 (37.7655,-122.3846),(37.7640,-122.3838),(37.7632,-122.3812),(37.7608,-122.3803),(37.7586,-122.3808),(37.7577,-122.3838),
 (37.7553,-122.3835),(37.7545,-122.3850),(37.7538,-122.3830),(37.7512,-122.3815),(37.7508,-122.3770),(37.7488,-122.3772),
 (37.7484,-122.3850),(37.7482,-122.3920),(37.7473,-122.3920),(37.7474,-122.3850),(37.7466,-122.3770),(37.7440,-122.3735),(37.7410,-122.3693),
 (37.7398,-122.3705),(37.7402,-122.3745),(37.7385,-122.3765),(37.7365,-122.3745),(37.7345,-122.3738),(37.7338,-122.3700),(37.7325,-122.3655),
 (37.7302,-122.3600),(37.7278,-122.3565),(37.7255,-122.3580),(37.7225,-122.3570),(37.7190,-122.3595),(37.7172,-122.3645),
 (37.7185,-122.3700),(37.7235,-122.3755),(37.7245,-122.3790),(37.7222,-122.3830),(37.7195,-122.3828),(37.7160,-122.3800),
 (37.7110,-122.3788),(37.7090,-122.3755),(37.7083,-122.3800),(37.7085,-122.3850),(37.7087,-122.3930),(37.7000,-122.3910),(37.6900,-122.3900),(37.6850,-122.3850),
 (37.6700,-122.3830),(37.6500,-122.3850),(37.6500,-122.4930),(37.6800,-122.4980)))
YBI = Polygon(L((37.8130,-122.3685),(37.8135,-122.3655),(37.8120,-122.3610),(37.8098,-122.3598),(37.8082,-122.3625),(37.8075,-122.3660),(37.8085,-122.3692),(37.8108,-122.3712)))
TI = Polygon(L((37.8145,-122.3722),(37.8265,-122.3795),(37.8310,-122.3775),(37.8325,-122.3725),(37.8290,-122.3675),(37.8215,-122.3632),(37.8160,-122.3690)))
CAUSEWAY = Polygon(L((37.8120,-122.3700),(37.8160,-122.3722),(37.8165,-122.3708),(37.8125,-122.3685)))
ALCATRAZ = Polygon(L((37.8288,-122.4248),(37.8280,-122.4218),(37.8262,-122.4200),(37.8248,-122.4213),(37.8258,-122.4235),(37.8272,-122.4255)))
ANGEL = Polygon(L((37.8505,-122.4300),(37.8530,-122.4205),(37.8580,-122.4150),(37.8690,-122.4190),(37.8725,-122.4260),(37.8690,-122.4370),(37.8620,-122.4460),(37.8560,-122.4430)))
MARIN = Polygon(L((37.8255,-122.5300),(37.8190,-122.5285),(37.8150,-122.5300),(37.8200,-122.5225),(37.8215,-122.5140),(37.8255,-122.5080),(37.8230,-122.5000),(37.8262,-122.4945),
 (37.8270,-122.4860),(37.8255,-122.4790),(37.8280,-122.4785),(37.8318,-122.4770),(37.8355,-122.4765),(37.8405,-122.4785),(37.8465,-122.4780),(37.8510,-122.4795),
 (37.8550,-122.4785),(37.8590,-122.4840),(37.8640,-122.4905),(37.8720,-122.5000),(37.8900,-122.5100),(37.8900,-122.6200),(37.8450,-122.5550),(37.8330,-122.5430)))
TIBURON = Polygon(L((37.8900,-122.4900),(37.8850,-122.4750),(37.8730,-122.4650),(37.8680,-122.4540),(37.8735,-122.4480),(37.8850,-122.4480),(37.8900,-122.4300)))
EASTBAY = Polygon(L((37.8900,-122.3100),(37.8650,-122.3150),(37.8640,-122.3020),(37.8420,-122.2980),(37.8380,-122.3160),(37.8270,-122.3150),(37.8230,-122.3300),(37.8060,-122.3420),(37.8000,-122.3280),
 (37.7955,-122.3130),(37.7925,-122.2800),(37.7905,-122.2900),(37.7910,-122.3300),(37.7820,-122.3320),(37.7720,-122.3000),(37.7650,-122.2700),(37.7600,-122.2500),(37.8900,-122.2400)))

def pier(lat, lon, bearing, length, width=28):
    b = math.radians(bearing); ux, uy = math.sin(b), math.cos(b)
    e0, n0 = (lon) * KX, (lat) * KY
    a, c = (e0 - 25*ux, n0 - 25*uy), (e0 + length*ux, n0 + length*uy)
    pg = LineString([a, c]).buffer(width/2, cap_style=2)
    return Polygon([(x/KX, y/KY) for x, y in pg.exterior.coords])
PIERS = [pier(*p) for p in (
 (37.8082,-122.4201,350,230,14),(37.8088,-122.4176,345,240,55),(37.8090,-122.4142,352,120,40),(37.8086,-122.4101,8,300,85),(37.8078,-122.4066,30,300,60),
 (37.8068,-122.4048,38,230,45),(37.8058,-122.4036,40,230,45),(37.8048,-122.4024,42,240,45),(37.8037,-122.4013,45,330,70),(37.8023,-122.4001,46,270,45),(37.8013,-122.3992,46,240,45),
 (37.8002,-122.3983,47,210,45),(37.7994,-122.3976,48,210,40),(37.7981,-122.3964,55,220,12),(37.7973,-122.3955,55,120,40),(37.7963,-122.3944,55,120,35),
 (37.7935,-122.3914,60,180,8),(37.7899,-122.3882,70,200,40),(37.7886,-122.3877,72,210,45),(37.7871,-122.3875,80,260,110),(37.7752,-122.3873,62,240,90),(37.7738,-122.3870,58,420,120),(37.7722,-122.3867,75,140,40))]
MUNI = LineString(L((37.8087,-122.4256),(37.8103,-122.4262),(37.8113,-122.4253),(37.8115,-122.4237))).buffer(0.00006)
SFland = unary_union([SF] + PIERS + [MUNI])
LAND = unary_union([SFland, YBI, TI, CAUSEWAY, ALCATRAZ, ANGEL, MARIN, TIBURON, EASTBAY])

# ---------------------------------------------------------------- parks & lakes
def rect(fr, x0, y0, x1, y1): return Polygon([fr.ll(x0,y0), fr.ll(x1,y0), fr.ll(x1,y1), fr.ll(x0,y1)])
N = Frame(37.78553, -122.42142, 9.1)        # Van Ness & Geary; 50-vara survey
S = Frame(37.77515, -122.41935, 45.2)       # Market & Van Ness; x along Market (bearing 44.8), y to the NW
M = Frame(37.76506, -122.41969, 4.3)        # 16th & Mission
R = Frame(37.78135, -122.45875, 3.3)        # Geary & Arguello (Richmond)
T = Frame(37.76555, -122.47720, 3.3)        # Lincoln & 19th Ave (Sunset)
ns = dict(VanNess=0,Polk=154,Larkin=301,Hyde=448,Leavenworth=594,Jones=741,Taylor=888,Mason=1035,Powell=1181,Stockton=1328,Grant=1475,Kearny=1622,Montgomery=1768,
 Sansome=1900,Battery=2015,Front=2125,Davis=2230,Drumm=2345,Franklin=-154,Gough=-301,Octavia=-448,Laguna=-594,Buchanan=-741,Webster=-888,Fillmore=-1035,Steiner=-1181,
 Pierce=-1328,Scott=-1475,Divisadero=-1621,Broderick=-1768,Baker=-1915,Lyon=-2061,Central=-2208,Masonic=-2355,Ashbury=-2502,Clayton=-2650,Cole=-2797,Shrader=-2944,Stanyan=-3090)
ew = dict(Geary=0,Post=105,Sutter=210,Bush=314,Pine=419,California=526,Sacramento=632,Clay=737,Washington=842,Jackson=947,Pacific=1052,Broadway=1160,Vallejo=1266,Green=1371,Union=1476,
 Filbert=1581,Greenwich=1686,Lombard=1793,Chestnut=1900,Francisco=2005,Bay=2112,NorthPoint=2217,Beach=2322,Jefferson=2427,OFarrell=-105,Ellis=-210,Eddy=-314,Turk=-419,GoldenGate=-524,McAllister=-632,
 Fulton=-740,Grove=-845,Hayes=-950,Fell=-1055,Oak=-1160,Page=-1265,Haight=-1370,Waller=-1475,Hermann=-1580,Duboce=-1685)
def nblk(a,b,c,d,p=9): return rect(N, ns[a]+p, ew[b]+p, ns[c]-p, ew[d]-p)
PRESIDIO = Polygon(L((37.8062,-122.4472),(37.8010,-122.4463),(37.7963,-122.4452),(37.7925,-122.4471),(37.7912,-122.4525),(37.7893,-122.4600),(37.7882,-122.4660),(37.7879,-122.4722),(37.7888,-122.4800),
 (37.7898,-122.4850),(37.7940,-122.4834),(37.7985,-122.4812),(37.8040,-122.4794),(37.8106,-122.4772),(37.8077,-122.4709),(37.8060,-122.4625),(37.8060,-122.4560)))
GGP = Polygon(L((37.7713,-122.5105),(37.7737,-122.4660),(37.7747,-122.4546),(37.7665,-122.4531),(37.7658,-122.4640),(37.7641,-122.5098)))
PARKS = [("Golden Gate Park",GGP,1),("Presidio",PRESIDIO,1),
 ("Panhandle",Polygon(L((37.7729,-122.4541),(37.7745,-122.4402),(37.7734,-122.4400),(37.7719,-122.4538))),2),
 ("Lincoln Park",Polygon(L((37.7785,-122.5135),(37.7805,-122.5140),(37.7835,-122.5105),(37.7878,-122.5055),(37.7880,-122.4955),(37.7868,-122.4930),(37.7822,-122.4932),(37.7818,-122.5025),(37.7800,-122.5090))),2),
 ("Alamo Square",nblk('Scott','Hayes','Steiner','Fulton'),3),("Alta Plaza",nblk('Scott','Clay','Steiner','Jackson'),3),("Lafayette Park",nblk('Laguna','Sacramento','Gough','Washington'),3),
 ("Jefferson Square",nblk('Laguna','GoldenGate','Gough','Eddy'),3),("Civic Center Plaza",nblk('Polk','Grove','Larkin','McAllister',14),3),("Union Square",nblk('Powell','Geary','Stockton','Post'),3),
 ("Washington Square",nblk('Powell','Filbert','Stockton','Union',-3) if False else rect(N,ns['Powell']+8,ew['Union']+8,ns['Stockton']-8,ew['Filbert']-8),3),
 ("Huntington Park",rect(N,ns['Taylor']+9,ew['California']+9,ns['Taylor']+85,ew['Sacramento']-9),3),("Portsmouth Square",rect(N,ns['Kearny']-62,ew['Clay']+9,ns['Kearny']-9,ew['Washington']-9),3),
 ("Fort Mason",Polygon(L((37.8076,-122.4306),(37.8053,-122.4314),(37.8036,-122.4311),(37.8047,-122.4253),(37.8062,-122.4250),(37.8090,-122.4255),(37.8095,-122.4265),(37.8079,-122.4280))),2),
 ("Marina Green",Polygon(L((37.8072,-122.4404),(37.8069,-122.4351),(37.8055,-122.4353),(37.8058,-122.4408))),3),
 ("Moscone Recreation Center",nblk('Buchanan','Chestnut','Laguna','Bay'),3),
 ("Pioneer Park",Polygon(L((37.8034,-122.4072),(37.8036,-122.4049),(37.8019,-122.4044),(37.8015,-122.4066))),3),
 ("Yerba Buena Gardens",rect(S,1690,-380,1840,-212),3),("South Park",rect(S,1985,-1085,2190,-1050),3),("Salesforce Park",rect(S,2265,-345,2715,-285),3),
 ("Rincon Park",Polygon(L((37.7928,-122.3912),(37.7913,-122.3896),(37.7909,-122.3901),(37.7924,-122.3918))),3),
 ("Dolores Park",Polygon(L((37.7613,-122.4283),(37.7616,-122.4262),(37.7581,-122.4258),(37.7579,-122.4280))),3),
 ("Duboce Park",Polygon(L((37.7700,-122.4348),(37.7705,-122.4313),(37.7696,-122.4311),(37.7692,-122.4346))),3),
 ("Buena Vista Park",Polygon(L((37.7707,-122.4428),(37.7709,-122.4393),(37.7693,-122.4378),(37.7667,-122.4390),(37.7657,-122.4415),(37.7672,-122.4437),(37.7692,-122.4437))),2),
 ("Corona Heights",Polygon(L((37.7660,-122.4408),(37.7664,-122.4378),(37.7643,-122.4374),(37.7640,-122.4400))),3),
 ("Twin Peaks",Polygon(L((37.7575,-122.4485),(37.7560,-122.4445),(37.7500,-122.4440),(37.7478,-122.4470),(37.7505,-122.4510),(37.7555,-122.4500))),2),
 ("Mount Sutro",Polygon(L((37.7622,-122.4610),(37.7615,-122.4540),(37.7575,-122.4520),(37.7548,-122.4560),(37.7565,-122.4625))),2),
 ("Glen Canyon Park",Polygon(L((37.7470,-122.4445),(37.7445,-122.4390),(37.7395,-122.4385),(37.7350,-122.4400),(37.7370,-122.4435),(37.7425,-122.4455))),2),
 ("Mount Davidson",Polygon(L((37.7405,-122.4570),(37.7405,-122.4520),(37.7370,-122.4515),(37.7365,-122.4565))),2),
 ("Bernal Heights Park",Polygon(L((37.7448,-122.4190),(37.7452,-122.4120),(37.7422,-122.4108),(37.7412,-122.4180))),2),
 ("John McLaren Park",Polygon(L((37.7255,-122.4270),(37.7240,-122.4150),(37.7215,-122.4105),(37.7150,-122.4130),(37.7135,-122.4210),(37.7170,-122.4290))),2),
 ("Stern Grove",Polygon(L((37.7375,-122.4930),(37.7378,-122.4785),(37.7352,-122.4780),(37.7345,-122.4925))),3),
 ("Harding Park",Polygon(L((37.7290,-122.4990),(37.7285,-122.4890),(37.7200,-122.4880),(37.7175,-122.4930),(37.7215,-122.5000))),2),
 ("Fort Funston",Polygon(L((37.7250,-122.5055),(37.7240,-122.5010),(37.7130,-122.5000),(37.7080,-122.5020),(37.7140,-122.5033))),2),
 ("Candlestick Point",Polygon(L((37.7150,-122.3880),(37.7165,-122.3805),(37.7110,-122.3788),(37.7090,-122.3755),(37.7083,-122.3800),(37.7100,-122.3860))),2),
 ("Alcatraz Island",ALCATRAZ,3),("Marin Headlands",MARIN,1),("Angel Island",ANGEL,1),("Yerba Buena Island",YBI.buffer(-0.0004),3)]
WATER = [("Lake Merced",Polygon(L((37.7315,-122.4935),(37.7305,-122.4965),(37.7270,-122.5000),(37.7210,-122.5000),(37.7150,-122.4935),(37.7130,-122.4900),(37.7165,-122.4905),(37.7200,-122.4960),(37.7255,-122.4965),(37.7285,-122.4920)))),
 ("Stow Lake",Polygon(L((37.7695,-122.4770),(37.7700,-122.4735),(37.7680,-122.4728),(37.7672,-122.4765))).difference(Point(-122.4750,37.7686).buffer(0.0008))),
 ("Palace of Fine Arts lagoon",Polygon(L((37.8035,-122.4478),(37.8037,-122.4468),(37.8020,-122.4464),(37.8018,-122.4472)))),
 ("Crissy marsh",Polygon(L((37.8055,-122.4560),(37.8056,-122.4520),(37.8048,-122.4522),(37.8047,-122.4556)))),
 ("Spreckels Lake",Polygon(L((37.7713,-122.4945),(37.7716,-122.4922),(37.7706,-122.4922),(37.7704,-122.4942)))),
 ("Sunset Reservoir",rect(T,-895,-1680,-560,-1330)),
 ("University Mound",Polygon(L((37.7262,-122.4110),(37.7270,-122.4080),(37.7252,-122.4070),(37.7243,-122.4100))))]
BEACH = [Polygon(L((37.7353,-122.5073),(37.7640,-122.5106),(37.7713,-122.5115),(37.7775,-122.5128),(37.7775,-122.5117),(37.7713,-122.5104),(37.7640,-122.5094),(37.7353,-122.5063))),
 Polygon(L((37.7903,-122.4846),(37.7940,-122.4832),(37.7985,-122.4810),(37.7983,-122.4803),(37.7940,-122.4824),(37.7905,-122.4839))),
 Polygon(L((37.8060,-122.4625),(37.8060,-122.4560),(37.8064,-122.4505),(37.8059,-122.4505),(37.8055,-122.4560),(37.8056,-122.4625)))]
def blk(fr,x0,y0,x1,y1,kind,name=None): return (kind,name,rect(fr,x0,y0,x1,y1))
BUILT = [blk(N,ns['Polk']-130,ew['Grove']+14,ns['Polk']-12,ew['McAllister']-14,'civic','City Hall'),
 blk(N,ns['Larkin']+12,ew['Grove']+14,ns['Larkin']+110,ew['Fulton']-10,'civic','Main Library'),blk(N,ns['Larkin']+12,ew['Fulton']+10,ns['Larkin']+110,ew['McAllister']-14,'civic','Asian Art Museum'),
 blk(S,1690,-570,1935,-405,'civic','Moscone South'),blk(S,1850,-380,1935,-212,'civic','Moscone North'),blk(S,1962,-330,2040,-230,'civic','SFMOMA'),
 ('civic','Ferry Building',Polygon(L((37.7966,-122.3946),(37.7945,-122.3925),(37.7948,-122.3920),(37.7969,-122.3941)))),
 ('civic','Oracle Park',Polygon(L((37.7797,-122.3893),(37.7786,-122.3880),(37.7775,-122.3888),(37.7773,-122.3905),(37.7784,-122.3912)))),
 ('civic','Chase Center',Polygon(L((37.7690,-122.3883),(37.7690,-122.3864),(37.7671,-122.3866),(37.7671,-122.3885)))),
 ('campus','UCSF Mission Bay',Polygon(L((37.7697,-122.3940),(37.7694,-122.3898),(37.7660,-122.3895),(37.7662,-122.3942))))]

# ---------------------------------------------------------------- streets
streets = []   # (name, class, LineString)
def add(name, cls, pts): streets.append((name, cls, LineString(pts)))
def MK(s): return S.ll(s, 0)
MARKET_W = L((37.77515,-122.41935),(37.7725,-122.4226),(37.7694,-122.4265),(37.7669,-122.4295),(37.7647,-122.4323),(37.7625,-122.4351),(37.7619,-122.4377),(37.7610,-122.4405),(37.7596,-122.4424),(37.7603,-122.4440),(37.7595,-122.4447),(37.7572,-122.4437),(37.7553,-122.4413),(37.7530,-122.4404),(37.7500,-122.4437),(37.7473,-122.4445))
# zone polygons used for clipping the grids
ZN = Polygon([MK(3260), MK(0)] + MARKET_W[1:4] + [N.ll(-1035,-1790), N.ll(-2100,-1700), N.ll(-3090,-1500), N.ll(-3090,200), N.ll(-2061,1500), N.ll(-2100,2600), N.ll(2600,2600)])
def cl(line, zone, holes=()):
    g = LineString(line).intersection(zone)
    for h in holes: g = g.difference(h)
    return [x for x in (g.geoms if hasattr(g,'geoms') else [g]) if x.geom_type=='LineString' and x.length>0.0004]
HOLES = [p for n,p,r in PARKS if n not in ("Golden Gate Park","Marin Headlands","Angel Island","Alcatraz Island","Yerba Buena Island","Salesforce Park","Yerba Buena Gardens","Twin Peaks","Mount Sutro")] + [p for k,n,p in BUILT if k in('civic',)]
HOLES = [h.buffer(-0.00005) for h in HOLES]
ZNL = ZN.intersection(SF)
pretty = {'VanNess':'Van Ness Ave','OFarrell':"O'Farrell St",'GoldenGate':'Golden Gate Ave','NorthPoint':'North Point St','Geary':'Geary St','Grant':'Grant Ave','Broadway':'Broadway','Masonic':'Masonic Ave','Central':'Central Ave','Pacific':'Pacific Ave','Duboce':'Duboce Ave'}
def nm(k): return pretty.get(k, k+' St')
# N-S: name -> (south v, north v) ; None = Market / shore
span_ns = {k:(-2000,2600) for k in ns}
span_ns.update(Grant=(-400,2120),Sansome=(200,1800),Battery=(250,1810),Front=(300,1500),Davis=(350,1320),Drumm=(430,960),Central=(-1600,-400),Masonic=(-1900,300),Ashbury=(-1900,-630),Clayton=(-1950,-530),
 Cole=(-1950,-630),Shrader=(-1950,-630),Stanyan=(-1950,-200),Lyon=(-1160,2300),Baker=(-1400,2300),Octavia=(-1400,2000),Central_=(0,0))
major_ns = {'VanNess':'primary','Franklin':'secondary','Gough':'secondary','Divisadero':'secondary','Fillmore':'secondary','Masonic':'secondary','Stockton':'tertiary','Kearny':'secondary','Montgomery':'tertiary','Polk':'tertiary','Larkin':'tertiary','Hyde':'tertiary','Powell':'tertiary','Battery':'tertiary','Sansome':'tertiary','Stanyan':'secondary','Webster':'tertiary','Laguna':'tertiary','Taylor':'tertiary','Mason':'minor','Grant':'tertiary'}
for k,u in ns.items():
    a,b = span_ns[k]
    line=[N.ll(u,a),N.ll(u,b)]
    for g in cl(line, ZNL, HOLES): streets.append((nm(k), major_ns.get(k,'minor'), g))
major_ew = {'Geary':'primary','Lombard':'primary','California':'secondary','Bush':'secondary','Pine':'secondary','Broadway':'secondary','Fell':'secondary','Oak':'secondary','Bay':'secondary','OFarrell':'tertiary','Post':'tertiary','Sutter':'tertiary','Turk':'tertiary','GoldenGate':'tertiary','McAllister':'tertiary','Hayes':'tertiary','Haight':'tertiary','Fulton':'tertiary','Union':'tertiary','Chestnut':'tertiary','Sacramento':'tertiary','Clay':'tertiary','Washington':'tertiary','Pacific':'tertiary','Jackson':'tertiary','NorthPoint':'tertiary','Beach':'tertiary','Page':'minor','Duboce':'tertiary','Ellis':'minor','Eddy':'minor'}
span_ew = {k:(-2061,2600) for k in ew}
for k in ('Fell','Oak','Page','Haight','Waller','Hayes','Grove','Fulton','McAllister','GoldenGate','Turk'): span_ew[k]=(-3090,2600)
span_ew.update(Waller=(-3090,-300),Hermann=(-1035,-200),Duboce=(-1480,-100),Geary=(-3000,2600),Post=(-2061,2600),Sutter=(-2061,2600),Bush=(-2260,2600),Pine=(-2208,2600),California=(-3000,2600),Sacramento=(-2500,2600),Clay=(-2300,2600),
 Washington=(-2208,2400),Jackson=(-2208,2600),Pacific=(-2061,2400),Broadway=(-2061,2450),Vallejo=(-2061,2150),Green=(-2061,2160),Union=(-2061,2160),Filbert=(-2061,2100),Greenwich=(-2061,2100),Lombard=(-2061,2060),Chestnut=(-2061,1990),
 Francisco=(-2061,1890),Bay=(-2061,1800),NorthPoint=(-2061,1720),Beach=(-2061,1640),Jefferson=(-2061,1180),Eddy=(-2208,2600),Ellis=(-2208,2600),OFarrell=(-2355,2600))
for k,v in ew.items():
    a,b = span_ew[k]
    holes = HOLES
    for g in cl([N.ll(a,v),N.ll(b,v)], ZNL, holes): streets.append((('Geary Blvd' if k=='Geary' and False else nm(k)), major_ew.get(k,'minor'), g))
# alleys / midblock streets downtown (50-vara blocks cut by alleys)
for k,u,a,b in (("Maiden Ln",None,0,0),): pass
def ewseg(name,v,u0,u1,cls='minor'):
    for g in cl([N.ll(u0,v),N.ll(u1,v)],ZNL,HOLES): streets.append((name,cls,g))
def nsseg(name,u,v0,v1,cls='minor'):
    for g in cl([N.ll(u,v0),N.ll(u,v1)],ZNL,HOLES): streets.append((name,cls,g))
ewseg('Maiden Ln',52,ns['Stockton'],ns['Kearny']); ewseg('Commercial St',684,ns['Grant'],ns['Drumm']); ewseg('Halleck St',472,ns['Sansome'],ns['Front'])
ewseg('Cedar St',52,ns['VanNess'],ns['Larkin']); ewseg('Myrtle St',-52,ns['VanNess'],ns['Larkin']); ewseg('Olive St',-157,ns['VanNess'],ns['Larkin']); ewseg('Willow St',-262,ns['VanNess'],ns['Larkin']); ewseg('Hemlock St',157,ns['VanNess'],ns['Larkin'])
ewseg('Fern St',262,ns['VanNess'],ns['Larkin']); ewseg('Austin St',366,ns['VanNess'],ns['Larkin']); ewseg('Elm St',-471,ns['VanNess'],ns['Larkin']); ewseg('Linden St',-1000,ns['Laguna'],ns['VanNess']); ewseg('Ivy St',-897,ns['Laguna'],ns['VanNess']); ewseg('Hickory St',-1107,ns['Laguna'],ns['VanNess'])
nsseg('Belden Pl',ns['Kearny']+75,314,419); nsseg('Leidesdorff St',ns['Montgomery']+66,526,737); nsseg('Waverly Pl',ns['Grant']-60,632,842); nsseg('Ross Aly',ns['Grant']-70,842,947); nsseg('Joice St',ns['Stockton']-73,419,737)
nsseg('Cyril Magnin St',ns['Mason']+75,-314,0); nsseg('Shannon St',ns['Jones']+73,0,105); nsseg('Osgood Pl',ns['Montgomery']+66,1052,1160)
# Columbus, Embarcadero, Marina Blvd, Presidio Ave, Lombard crooked etc.
add('Columbus Ave','secondary',L((37.7953,-122.4031),(37.7977,-122.4071),(37.8003,-122.4107),(37.8031,-122.4147),(37.8062,-122.4186),(37.8069,-122.4194)))
EMB = L((37.8076,-122.4117),(37.8078,-122.4095),(37.8074,-122.4076),(37.8063,-122.4054),(37.8050,-122.4037),(37.8032,-122.4018),(37.8011,-122.4000),(37.7993,-122.3986),(37.7975,-122.3969),(37.7962,-122.3955),(37.7950,-122.3940),(37.7937,-122.3928),(37.7918,-122.3910),(37.7903,-122.3895),(37.7888,-122.3887),(37.7870,-122.3883),(37.7845,-122.3886),(37.7825,-122.3890),(37.7808,-122.3897),(37.7797,-122.3905),(37.7787,-122.3920),(37.7775,-122.3936),(37.7762,-122.3953))
add('The Embarcadero','primary',EMB[:19]); add('King St','primary',EMB[18:])
add('Market St','primary',[MK(3130),MK(0)]); add('Market St','primary',MARKET_W[:6]); add('Market St','primary',MARKET_W[5:10]); add('Portola Dr','primary',MARKET_W[9:]+L((37.7452,-122.4520),(37.7418,-122.4575),(37.7402,-122.4640),(37.7385,-122.4695)))
add('Octavia Blvd','secondary',[N.ll(-448,-950),N.ll(-448,-1400)])
add('Marina Blvd','secondary',L((37.8057,-122.4475),(37.8061,-122.4410),(37.8052,-122.4345),(37.8040,-122.4320)))
add('Doyle Dr','motorway',L((37.8007,-122.4470),(37.8022,-122.4520),(37.8033,-122.4580),(37.8022,-122.4650),(37.8018,-122.4690),(37.8038,-122.4720),(37.8065,-122.4752),(37.8110,-122.4775),(37.8325,-122.4795),(37.8400,-122.4835),(37.8500,-122.4890),(37.8620,-122.5010),(37.8800,-122.5150)))
add('Park Presidio Blvd','primary',L((37.8018,-122.4690),(37.7965,-122.4700),(37.7915,-122.4712),(37.7877,-122.4722),(37.7865,-122.4722),(37.7720,-122.4713)))
add('Crossover Dr','primary',L((37.7720,-122.4713),(37.7705,-122.4790),(37.7685,-122.4815),(37.7660,-122.4775)))
add('Presidio Ave','tertiary',[N.ll(-2208,0),N.ll(-2180,1050)])
add('Lincoln Blvd','tertiary',L((37.7895,-122.4850),(37.7935,-122.4815),(37.7980,-122.4790),(37.8020,-122.4770),(37.8052,-122.4745),(37.8035,-122.4700),(37.8018,-122.4650),(37.8003,-122.4590),(37.7985,-122.4540),(37.7998,-122.4495)))
add('Washington Blvd','minor',L((37.7895,-122.4800),(37.7935,-122.4775),(37.7985,-122.4765),(37.7995,-122.4720),(37.7965,-122.4660),(37.7985,-122.4610),(37.8000,-122.4580)))
add('Arguello Blvd','secondary',[R.ll(0,-850),R.ll(0,780)]+L((37.7905,-122.4590),(37.7935,-122.4580),(37.7965,-122.4590),(37.7990,-122.4585)))
add('JFK Dr','tertiary',L((37.7732,-122.4548),(37.7722,-122.4600),(37.7712,-122.4660),(37.7714,-122.4720),(37.7706,-122.4800),(37.7695,-122.4870),(37.7703,-122.4950),(37.7695,-122.5030),(37.7705,-122.5100)))
add('MLK Jr Dr','tertiary',L((37.7665,-122.4590),(37.7672,-122.4640),(37.7662,-122.4700),(37.7655,-122.4780),(37.7662,-122.4870),(37.7655,-122.4960),(37.7665,-122.5030),(37.7655,-122.5095)))
# ---- South of Market
num = {'1st St':2505,'2nd St':2225,'3rd St':1950,'4th St':1668,'5th St':1391,'6th St':1110,'7th St':838,'8th St':575,'9th St':385,'10th St':205,'11th St':30,'12th St':-120}
ZS = Polygon([MK(3060),MK(-160),S.ll(-160,-330),S.ll(190,-700),S.ll(350,-1010),S.ll(720,-1420),S.ll(1390,-1430),S.ll(1950,-1500),S.ll(2200,-1330),S.ll(2600,-950),S.ll(2900,-500),S.ll(3060,-200)]).intersection(SF)
HS=[h for h in HOLES]+[p.buffer(-0.00004) for n,p,r in PARKS if n in('South Park','Yerba Buena Gardens')]
endnum={'1st St':-850,'2nd St':-1400,'3rd St':-1500,'4th St':-1500,'5th St':-1420,'6th St':-1400,'7th St':-1420,'8th St':-1390,'9th St':-1010,'10th St':-900,'11th St':-760,'12th St':-420}
for k,u in num.items():
    for g in cl([S.ll(u,0),S.ll(u,endnum[k])],ZS,HS): streets.append((k,'secondary' if k in('3rd St','4th St','5th St','6th St','7th St','8th St','9th St','10th St') else 'tertiary',g))
for k,u,e in (('New Montgomery St',2110,-391),('Fremont St',2614,-800),('Beale St',2723,-860),('Main St',2832,-800),('Spear St',2941,-700),('Steuart St',3040,-420),('Hawthorne St',2090,-777)):
    for g in cl([S.ll(u,-391 if k=='Hawthorne St' else 0),S.ll(u,e)],ZS,HS): streets.append((k,'minor',g))
nam={'Mission St':-198,'Howard St':-391,'Folsom St':-584,'Harrison St':-777,'Bryant St':-970,'Brannan St':-1163,'Townsend St':-1355}
for k,v in nam.items():
    for g in cl([S.ll(-160,v),S.ll(3060,v)],ZS,HS): streets.append((k,'secondary' if k!='Townsend St' else 'tertiary',g))
def sal(name,v,u0,u1):
    for g in cl([S.ll(u0,v),S.ll(u1,v)],ZS,HS): streets.append((name,'minor',g))
for n1,v in (('Stevenson St',-66),('Jessie St',-130)):
    for a,b in ((575,1391),(1668,2505)): sal(n1,v,a,b)
for n1,v in (('Minna St',-262),('Natoma St',-326),('Tehama St',-455),('Clementina St',-520)):
    for a,b in ((205,575),(575,1668),(1950,2614)): sal(n1,v,a,b)
for n1,v in (('Shipley St',-645),('Clara St',-713),('Perry St',-835),('Stillman St',-873),('Bluxome St',-1290),('Welsh St',-1030)):
    sal(n1,v,1110 if n1!='Stillman St' else 1668,1668 if n1!='Stillman St' else 2225)
for n1,u,a,b in (('Russ St',975,-391,-584),('Moss St',905,-391,-584),('Harriet St',1045,-391,-970),('Langton St',770,-391,-777),('Rausch St',710,-391,-584),('Dore St',290,-391,-777),('Gordon St',480,-391,-584),('Mary St',1320,-198,-391),('Lapu Lapu St',1760,-584,-777),('Ritch St',1760,-970,-1355),('Zoe St',1840,-970,-1163),('Jack London Pl',2090,-970,-1030),('Essex St',2400,-584,-777),('Ecker St',2440,-60,-198)):
    for g in cl([S.ll(u,a),S.ll(u,b)],ZS,HS): streets.append((n1,'minor',g))
# ---- Mission / Castro / Noe / Potrero grids
mew={'14th St':2*178+10,'15th St':178+6,'16th St':0,'17th St':-178,'18th St':-356,'19th St':-534,'20th St':-712,'21st St':-890,'22nd St':-1068,'23rd St':-1246,'24th St':-1424,'25th St':-1602,'26th St':-1780,'Cesar Chavez St':-1935,'Duboce Ave':540}
mns={'Mission St':0,'Valencia St':-180,'Guerrero St':-376,'Dolores St':-576,'Church St':-776,'Sanchez St':-972,'Noe St':-1168,'Castro St':-1364,'Capp St':92,'S Van Ness Ave':184,'Shotwell St':276,'Folsom St':372,'Treat Ave':470,'Harrison St':570,'Alabama St':652,'Florida St':735,'Bryant St':818,'York St':902,'Hampshire St':985,'Potrero Ave':1075}
ZM=Polygon([M.ll(-1364,560),M.ll(1180,470),M.ll(1180,-1950),M.ll(-2000,-2300),M.ll(-2000,-100)]).difference(ZN).difference(ZS).intersection(SF)
def under_market(p): return p
MKW=Polygon(MARKET_W[:6]+[M.ll(-1500,-300),M.ll(-1700,500),M.ll(-1000,900),MARKET_W[0]])
for k,v in mew.items():
    a,b=(-1364 if k not in('17th St','18th St','24th St','25th St','26th St','22nd St','23rd St','21st St','20th St','19th St') else -1760),1080
    if k=='Duboce Ave': a,b=-560,0
    if k=='14th St': a,b=-1300,900
    if k=='Cesar Chavez St': a,b=-980,1500
    for g in cl([M.ll(a,v),M.ll(b,v)],ZM,HOLES): streets.append((k,'secondary' if k in('16th St','24th St','Cesar Chavez St','18th St') else 'minor',g))
for k,u in mns.items():
    top,bot=480,-1935
    if k in('Capp St','Shotwell St'): top=178
    if u<-376 : bot=-2200
    for g in cl([M.ll(u,top),M.ll(u,bot)],ZM,HOLES): streets.append((k,'secondary' if k in('Mission St','Valencia St','S Van Ness Ave','Guerrero St','Dolores St','Potrero Ave','Folsom St','Harrison St','Castro St','Church St') else 'minor',g))
for a,u in (('Lexington St',-90),('San Carlos St',-45)):
    for g in cl([M.ll(u,-356),M.ll(u,-890)],ZM,HOLES): streets.append((a,'minor',g))
for k,v in (('Liberty St',-800),('Hill St',-980),('Alvarado St',-1157),('Elizabeth St',-1335),('Jersey St',-1513),('Clipper St',-1690),('27th St',-1958),('28th St',-2060),('29th St',-2160),('Cumberland St',-623),('Hancock St',-445)):
    for g in cl([M.ll(-1760,v),M.ll(-376 if v<-700 else -576,v)],ZM,HOLES): streets.append((k,'minor',g))
for k,u in (('Diamond St',-1560),('Eureka St',-1660),('Douglass St',-1760)):
    for g in cl([M.ll(u,-200),M.ll(u,-2200)],ZM,HOLES): streets.append((k,'minor',g))
pot=['Utah St','San Bruno Ave','Vermont St','Kansas St','Rhode Island St','De Haro St','Carolina St','Wisconsin St','Arkansas St','Connecticut St','Missouri St','Texas St','Mississippi St','Pennsylvania Ave','Iowa St','Indiana St','Minnesota St','Tennessee St','3rd St','Illinois St']
ZP=Polygon([M.ll(1080,420),M.ll(1500,330),M.ll(2250,250),M.ll(2850,-60),M.ll(3060,-120),M.ll(3060,-1930),M.ll(1080,-1960)]).intersection(SF).difference(ZS)
for i,k in enumerate(pot):
    if k=='Iowa St': continue   # its place in the grid is hundreds of metres off
    u=1160+85.5*i
    top=200 if i<7 else (0 if i<12 else -178)
    if k in('Kansas St','Rhode Island St','De Haro St'): top=420
    for g in cl([M.ll(u,top),M.ll(u,-1930)],ZP,HOLES):
        streets.append((k,'primary' if k=='3rd St' else 'minor',g))
for k,v in (('15th St',184),('Alameda St',290),('16th St',0),('17th St',-178),('Mariposa St',-268),('18th St',-356),('19th St',-470),('20th St',-650),('22nd St',-900),('23rd St',-1130),('25th St',-1560),('26th St',-1740),('Cesar Chavez St',-1935)):
    for g in cl([M.ll(1080,v),M.ll(2760,v)],ZP,HOLES): streets.append((k,'secondary' if k in('16th St','Cesar Chavez St') else 'minor',g))
# 3rd / 4th into Mission Bay
add('3rd St','primary',[S.ll(1950,-1500)]+L((37.7764,-122.3907),(37.7750,-122.3893),(37.7700,-122.3893),(37.7660,-122.3889))); add('4th St','tertiary',[S.ll(1668,-1500)]+L((37.7745,-122.3920),(37.7725,-122.3912),(37.7663,-122.3912)))
add('Terry A Francois Blvd','minor',L((37.7755,-122.3878),(37.7735,-122.3876),(37.7700,-122.3863),(37.7668,-122.3860)))
add('Channel St','minor',L((37.7738,-122.3915),(37.7715,-122.3955))); add('Mission Bay Blvd','minor',L((37.7708,-122.3955),(37.7708,-122.3870))); add('Owens St','minor',L((37.7712,-122.3965),(37.7690,-122.3960),(37.7665,-122.3940)))
add('7th St','tertiary',[S.ll(838,-1400)]+L((37.7665,-122.3952)))
add('Berry St','minor',[S.ll(1100,-1530),S.ll(1940,-1530)])
add('Division St','tertiary',L((37.7697,-122.4090),(37.7698,-122.4060),(37.7702,-122.4030)))
# ---- Richmond & Sunset
ave=lambda i: -94.4*(i-1)
ZR=Polygon([R.ll(-5,620),R.ll(-5,-870),R.ll(-4480,-880),R.ll(-4600,-100),R.ll(-3900,60),R.ll(-3200,350),R.ll(-3200,620)]).intersection(SF)
HR=[GGP.buffer(0.0002),PRESIDIO,[p for n,p,r in PARKS if n=='Lincoln Park'][0]]
for i in range(2,49):
    if i==13: continue
    for g in cl([R.ll(ave(i),620),R.ll(ave(i),-870)],ZR,HR): streets.append((f"{i}{'th' if 10<=i%100<=20 else {1:'st',2:'nd',3:'rd'}.get(i%10,'th')} Ave",'secondary' if i==25 else 'minor',g))
for k,v,c in (('Lake St',590,'tertiary'),('California St',380,'secondary'),('Clement St',190,'tertiary'),('Geary Blvd',0,'primary'),('Anza St',-207,'minor'),('Balboa St',-414,'tertiary'),('Cabrillo St',-621,'minor'),('Fulton St',-830,'secondary')):
    for g in cl([R.ll(-5,v),R.ll(-4480,v)],ZR,HR if k!='Fulton St' else HR[1:]): streets.append((k,c,g))
add('Geary Blvd','primary',[R.ll(0,0),N.ll(-3000,0)]); add('Fulton St','secondary',[R.ll(0,-830)]+L((37.7748,-122.4545))+[N.ll(-3000,-740)])
ZT=Polygon([T.ll(1380,-20),T.ll(-3060,-20),T.ll(-3150,-3420),T.ll(560,-3420),T.ll(900,-1500),T.ll(1380,-700)]).intersection(SF)
HT=[p for n,p,r in PARKS if n in('Stern Grove','Mount Sutro')]+[WATER[5][1]]
for i in range(5,49):
    u=-95.4*(i-19)
    bot=-3400 if i>=14 else (-1200 if i>8 else -800)
    c='primary' if i==19 else ('secondary' if i==36 else 'minor')
    for g in cl([T.ll(u,0),T.ll(u,bot)],ZT,HT): streets.append(({13:'Funston Ave',36:'Sunset Blvd'}.get(i,f"{i}{'th' if 10<=i%100<=20 else {1:'st',2:'nd',3:'rd'}.get(i%10,'th')} Ave"),c,g))
for j,k in enumerate(['Lincoln Way','Irving St','Judah St','Kirkham St','Lawton St','Moraga St','Noriega St','Ortega St','Pacheco St','Quintara St','Rivera St','Santiago St','Taraval St','Ulloa St','Vicente St','Wawona St']):
    v=-213*j if j<13 else -213*12-(j-12)*205
    for g in cl([T.ll(1380 if j<3 else (900 if j<5 else 480),v),T.ll(-3060,v)],ZT,HT): streets.append((k,'primary' if j==0 else ('secondary' if j in(1,2,6,12) else 'minor'),g))
add('Great Hwy','secondary',L((37.7353,-122.5064),(37.7640,-122.5096),(37.7713,-122.5106),(37.7775,-122.5120),(37.7795,-122.5115)))
add('Sloat Blvd','primary',L((37.7353,-122.5060),(37.7340,-122.4930),(37.7345,-122.4715))); add('19th Ave','primary',L((37.7345,-122.4750),(37.7200,-122.4750),(37.7135,-122.4710)))
add('Skyline Blvd','primary',L((37.7340,-122.4980),(37.7290,-122.5030),(37.7200,-122.5005),(37.7080,-122.4990)))
add('Lake Merced Blvd','tertiary',L((37.7335,-122.4935),(37.7280,-122.4880),(37.7200,-122.4850),(37.7110,-122.4870),(37.7080,-122.4850)))
add('Junipero Serra Blvd','primary',L((37.7345,-122.4715),(37.7200,-122.4722),(37.7120,-122.4715),(37.7060,-122.4700)))
add('Ocean Ave','secondary',L((37.7345,-122.4715),(37.7310,-122.4720),(37.7265,-122.4640),(37.7235,-122.4530),(37.7238,-122.4390),(37.7235,-122.4355)))
add('Laguna Honda Blvd','secondary',L((37.7625,-122.4663),(37.7560,-122.4640),(37.7510,-122.4605),(37.7470,-122.4590),(37.7450,-122.4545)))
add('Clarendon Ave','tertiary',L((37.7590,-122.4475),(37.7575,-122.4540),(37.7545,-122.4570),(37.7525,-122.4615))); add('Twin Peaks Blvd','minor',L((37.7620,-122.4470),(37.7580,-122.4470),(37.7540,-122.4470),(37.7505,-122.4475),(37.7480,-122.4450)))
# ---- South / arterials (schematic away from the hotel district)
add('Mission St','secondary',[M.ll(0,-1935)]+L((37.7440,-122.4205),(37.7390,-122.4237),(37.7340,-122.4300),(37.7265,-122.4335),(37.7165,-122.4410),(37.7085,-122.4520)))
add('San Jose Ave','secondary',L((37.7480,-122.4215),(37.7400,-122.4235),(37.7335,-122.4300),(37.7290,-122.4405),(37.7225,-122.4460),(37.7145,-122.4520),(37.7085,-122.4590)))
add('Bayshore Blvd','secondary',L((37.7485,-122.4030),(37.7400,-122.4065),(37.7330,-122.4040),(37.7200,-122.4005),(37.7085,-122.4050))); add('3rd St','primary',[M.ll(1160+85.5*18,-1930)]+L((37.7430,-122.3882),(37.7360,-122.3905),(37.7250,-122.3945),(37.7150,-122.3980),(37.7085,-122.4045)))
add('Evans Ave','tertiary',L((37.7490,-122.3950),(37.7430,-122.3870),(37.7385,-122.3800),(37.7360,-122.3760))); add('Cortland Ave','minor',L((37.7403,-122.4230),(37.7392,-122.4140),(37.7400,-122.4070)))
add('Geneva Ave','secondary',L((37.7235,-122.4520),(37.7165,-122.4405),(37.7080,-122.4200))); add('Alemany Blvd','secondary',L((37.7390,-122.4080),(37.7325,-122.4160),(37.7320,-122.4270),(37.7255,-122.4400),(37.7130,-122.4490),(37.7100,-122.4620)))
add('Silver Ave','tertiary',L((37.7285,-122.4310),(37.7290,-122.4180),(37.7320,-122.4060),(37.7370,-122.3980))); add('Monterey Blvd','tertiary',L((37.7315,-122.4330),(37.7315,-122.4480),(37.7318,-122.4580),(37.7290,-122.4660)))
def mini(fr,x0,x1,dx,y0,y1,dy,zone,hole):
    x=x0
    while x<=x1:
        for g in cl([fr.ll(x,y0),fr.ll(x,y1)],zone,hole): streets.append((None,'minor',g))
        x+=dx
    y=y0
    while y<=y1:
        for g in cl([fr.ll(x0,y),fr.ll(x1,y)],zone,hole): streets.append((None,'minor',g))
        y+=dy
B=Frame(37.7360,-122.3905,-37)  # Bayview
mini(B,-700,900,200,-1500,1000,95,Polygon(L((37.7440,-122.3960),(37.7455,-122.3880),(37.7365,-122.3770),(37.7250,-122.3850),(37.7190,-122.3990),(37.7300,-122.4020))),HOLES)
X=Frame(37.7220,-122.4330,37)   # Excelsior
mini(X,-1100,900,100,-700,700,185,Polygon(L((37.7275,-122.4330),(37.7275,-122.4250),(37.7180,-122.4300),(37.7110,-122.4380),(37.7150,-122.4430),(37.7200,-122.4400))),HOLES)
P=Frame(37.7270,-122.4060,-18)  # Portola
mini(P,-700,500,95,-900,700,190,Polygon(L((37.7325,-122.4130),(37.7325,-122.4040),(37.7200,-122.4010),(37.7180,-122.4050),(37.7240,-122.4130))),HOLES)
O=Frame(37.7190,-122.4600,2)    # Ingleside / Oceanview
mini(O,-900,900,95,-900,400,190,Polygon(L((37.7225,-122.4700),(37.7222,-122.4530),(37.7140,-122.4550),(37.7120,-122.4700))),HOLES)
Q=Frame(37.7315,-122.4450,1)
mini(Q,-900,900,190,-600,120,100,Polygon(L((37.7330,-122.4600),(37.7330,-122.4400),(37.7290,-122.4420),(37.7275,-122.4600))),HOLES)
BH=Frame(37.7400,-122.4150,8)
mini(BH,-600,700,80,-700,600,180,Polygon(L((37.7470,-122.4190),(37.7470,-122.4080),(37.7370,-122.4085),(37.7345,-122.4200),(37.7400,-122.4220))),HOLES)
# freeways
add('I-80','motorway',L((37.7690,-122.4058),(37.7712,-122.4062),(37.7735,-122.4048),(37.7757,-122.4022),(37.7797,-122.3984),(37.7832,-122.3938),(37.7850,-122.3922),(37.7868,-122.3893),(37.7980,-122.3780),(37.8085,-122.3667),(37.8115,-122.3625),(37.8140,-122.3580),(37.8185,-122.3420),(37.8235,-122.3200),(37.8270,-122.2950)))
add('US-101','motorway',L((37.7725,-122.4232),(37.7709,-122.4222),(37.7697,-122.4200),(37.7692,-122.4120),(37.7690,-122.4058),(37.7640,-122.4060),(37.7590,-122.4058),(37.7558,-122.4032),(37.7520,-122.4030),(37.7480,-122.4050),(37.7430,-122.4058),(37.7385,-122.4078),(37.7330,-122.4055),(37.7250,-122.4010),(37.7150,-122.3985),(37.7080,-122.3955),(37.6850,-122.3890),(37.6550,-122.4050)))
add('I-280','motorway',L((37.7768,-122.3945),(37.7745,-122.3972),(37.7725,-122.3978),(37.7700,-122.3968),(37.7660,-122.3953),(37.7620,-122.3930),(37.7540,-122.3922),(37.7480,-122.3938),(37.7430,-122.3985),(37.7385,-122.4060),(37.7345,-122.4110),(37.7322,-122.4180),(37.7322,-122.4270),(37.7300,-122.4360),(37.7230,-122.4470),(37.7150,-122.4520),(37.7100,-122.4600),(37.7070,-122.4690),(37.6900,-122.4720),(37.6600,-122.4600)))
add('Caltrain','rail',[S.ll(1650,-1420)]+L((37.7730,-122.3985),(37.7668,-122.3960),(37.7575,-122.3925),(37.7500,-122.3927),(37.7430,-122.3970),(37.7330,-122.3990),(37.7200,-122.4000),(37.7085,-122.4020),(37.6900,-122.4000)))
for pts in (L((37.7957,-122.3925),(37.8030,-122.3780),(37.8000,-122.3500),(37.7955,-122.3200)),L((37.7960,-122.3928),(37.8150,-122.3950),(37.8400,-122.4300),(37.8555,-122.4780)),L((37.7966,-122.3942),(37.8200,-122.4000),(37.8500,-122.4400),(37.8730,-122.4560)),L((37.8078,-122.4048),(37.8180,-122.4120),(37.8255,-122.4205)),L((37.8095,-122.4150),(37.8250,-122.4450),(37.8555,-122.4780)),L((37.7780,-122.3870),(37.7850,-122.3600),(37.7935,-122.3000))):
    add('ferry','ferry',pts)
# cable-car lines
add('Powell-Hyde','cable',[N.ll(1181,-335),N.ll(1181,947),N.ll(448,947),N.ll(448,2300)]); add('California','cable',[N.ll(2345,526),N.ll(0,526)]); add('Powell-Mason','cable',[N.ll(1181,947),N.ll(1035,947),N.ll(1035,1800)]+[N.ll(930,1990),N.ll(888,2112)])

# ---------------------------------------------------------------- labels
def pt(name,lat,lon,kind,rank): feats.append(dict(type='Feature',properties=dict(layer='label',kind=kind,name=name,rank=rank),geometry=dict(type='Point',coordinates=[lon,lat])))
for n,a,b,r in (("Union Square",37.7890,-122.4070,1),("Financial District",37.7940,-122.3998,1),("South of Market",37.7775,-122.4055,1),("Chinatown",37.7952,-122.4068,1),("North Beach",37.8012,-122.4098,1),("Nob Hill",37.7932,-122.4155,1),("Russian Hill",37.8008,-122.4190,1),("Tenderloin",37.7838,-122.4140,1),("Civic Center",37.7795,-122.4168,1),("Hayes Valley",37.7762,-122.4245,1),("Fisherman's Wharf",37.8075,-122.4158,1),("Marina",37.8025,-122.4370,1),("Pacific Heights",37.7925,-122.4350,1),("Japantown",37.7855,-122.4300,1),("Western Addition",37.7800,-122.4325,1),("Haight-Ashbury",37.7693,-122.4475,1),("Castro",37.7612,-122.4345,1),("Mission District",37.7595,-122.4148,1),("Noe Valley",37.7505,-122.4330,1),("Potrero Hill",37.7585,-122.3995,1),("Mission Bay",37.7722,-122.3925,1),("Dogpatch",37.7595,-122.3885,2),("South Beach",37.7850,-122.3905,1),("Inner Richmond",37.7805,-122.4650,1),("Outer Richmond",37.7775,-122.4960,1),("Sunset District",37.7530,-122.4890,1),("Inner Sunset",37.7615,-122.4680,1),("Bernal Heights",37.7395,-122.4160,1),("Bayview",37.7320,-122.3900,1),("Excelsior",37.7235,-122.4290,1),("Cow Hollow",37.7978,-122.4350,2),("Telegraph Hill",37.8008,-122.4045,2),("Rincon Hill",37.7860,-122.3935,2),("East Cut",37.7890,-122.3960,2),("Lower Haight",37.7720,-122.4305,2),("Polk Gulch",37.7890,-122.4197,2),("Treasure Island",37.8240,-122.3710,1),("Sea Cliff",37.7872,-122.4895,2),("Parkside",37.7425,-122.4860,2),("Glen Park",37.7345,-122.4330,2)): pt(n,a,b,'hood',r)
for n,a,b,r in (("San Francisco Bay",37.8060,-122.3860,1),("Pacific Ocean",37.7560,-122.5300,1),("Golden Gate",37.8190,-122.4830,2),("China Basin",37.7770,-122.3842,3),("Aquatic Park",37.8082,-122.4232,3),("Central Basin",37.7650,-122.3815,3)): pt(n,a,b,'water',r)
for n,a,b,r in (("Ferry Building",37.7955,-122.3934,2),("Coit Tower",37.8024,-122.4058,2),("Transamerica Pyramid",37.7952,-122.4028,2),("City Hall",37.7793,-122.4192,2),("Oracle Park",37.7786,-122.3893,2),("SFMOMA",37.7857,-122.4010,3),("Moscone Center",37.7842,-122.4010,3),("Pier 39",37.8087,-122.4098,2),("Salesforce Tower",37.7899,-122.3969,3),("Ghirardelli Square",37.8059,-122.4229,3),("Palace of Fine Arts",37.8029,-122.4484,2),("Alcatraz",37.8267,-122.4230,1),("Chase Center",37.7680,-122.3877,3),("Exploratorium",37.8009,-122.3974,3),("Grace Cathedral",37.7919,-122.4131,3),("Dragon Gate",37.7907,-122.4056,3),("Golden Gate Bridge",37.8180,-122.4783,1),("Bay Bridge",37.7985,-122.3775,1),("Twin Peaks",37.7525,-122.4477,2),("Caltrain 4th & King",37.7766,-122.3945,3)): pt(n,a,b,'poi',r)
for n,a,b in (("Embarcadero",37.79295,-122.39697),("Montgomery St",37.78926,-122.40141),("Powell St",37.78447,-122.40797),("Civic Center",37.77963,-122.41376),("16th St Mission",37.76506,-122.41969),("24th St Mission",37.75225,-122.41847)): pt(n,a,b,'bart',2)
for n,p,r in PARKS:
    c=p.representative_point() if n not in('Golden Gate Park','Presidio') else p.centroid
    pt(n,c.y,c.x,'park',r)
# ---------------------------------------------------------------- write
def rnd(o): return [round(o[0],5),round(o[1],5)] if isinstance(o[0],(int,float)) else [rnd(q) for q in o]
def put(layer, geom, **props):
    if geom.is_empty: return
    m=mapping(geom); feats.append(dict(type='Feature',properties=dict(layer=layer,**{k:v for k,v in props.items() if v is not None}),geometry=dict(type=m['type'],coordinates=rnd(m['coordinates']))))
put('land',LAND)
for n,p,r in PARKS: put('park',p.intersection(LAND),name=n,rank=r)
for b in BEACH: put('beach',b.intersection(LAND))
for n,p in WATER: put('lake',p,name=n)
for k,n,p in BUILT: put('built',p,kind=k,name=n)
groups={}
for n,c,g in streets: groups.setdefault((n,c),[]).append(g)
for (n,c),gs in groups.items():
    for g in gs:
        if c not in('motorway','ferry','rail','cable'): 
            g=g.intersection(SFland)
        for q in (g.geoms if hasattr(g,'geoms') else [g]):
            if q.geom_type=='LineString' and not q.is_empty: put('street',q,name=n,cls=c)
out=sys.argv[1] if len(sys.argv)>1 else os.path.join(os.path.dirname(__file__),'../../services/frontend/web/src/basemap.geojson')
# One feature a line, so that a change reads as one.
lines=',\n'.join(json.dumps(f,separators=(',',':'),ensure_ascii=False) for f in feats)
open(out,'w').write('{"type":"FeatureCollection","features":[\n'+lines+'\n]}\n')
raw=open(out,'rb').read(); print(len(feats),'features',len(raw),'bytes raw',len(gzip.compress(raw,9)),'gz')
